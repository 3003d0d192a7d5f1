/** The addon's functions for descriptors of open files (native/web). */
export interface DescriptorAddon {
  /** @see duplicateDescriptor */
  duplicateDescriptor(descriptor: number): number;
}
