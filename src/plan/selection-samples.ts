/** The selection phase of a query. */
export interface SelectionSamples {
  /** [count × dimension] normalised noisy embeddings. */
  embeddings: Float32Array;
  count: number;
  /** [labels] votes of the selection samples. */
  votes: Int32Array;
}
