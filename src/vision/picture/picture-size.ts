/** Width and height of a picture in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A picture's size from text such as `1920x1080`; undefined if the text is not a size. */
export function parseSize(text: string): PictureSize | undefined {
  const match = /^(\d{1,5})x(\d{1,5})$/i.exec(text.trim());
  return match ? { width: Number(match[1]), height: Number(match[2]) } : undefined;
}
