/** A decoded picture: 8 bits a sample, rows of interleaved channels (height × width × channels). */
export interface ByteImage {
  /** height · width · channels samples, 0..255, sRGB as stored in the file (3 channels) or luminance (1 channel). */
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** Height and width in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}
