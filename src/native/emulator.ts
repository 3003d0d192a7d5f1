/** The emulated libdnn's own functions (native/emulator/bindings.cc, docs/emulator.md), for tests. */
export interface NativeEmulator {
  /**
   * Lets so many microseconds of the board's clock go by, from event to event. When it returns, the BPU has taken up all
   * that is due, and hbDNNWaitTaskDone has returned what is due.
   *
   * @throws TypeError unless the board has clock=manual
   */
  advance(microseconds: number): void;
  /**
   * Blocks the JS thread until hbDNNWaitTaskDone has been called for so many tasks since the library was loaded.
   *
   * @returns false after so many milliseconds of real time
   */
  awaitTasks(tasks: number, milliseconds: number): boolean;
  /** The report that the emulator writes at unload, as it would be now: JSON. */
  report(): string;
}

export interface EmulatorAddon {
  /** @throws TypeError when the library is no emulated libdnn */
  openEmulator(library: string): NativeEmulator;
}
