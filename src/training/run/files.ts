/** Names of the files of a training, inside the encoder's folder. */
export const TRAINING_FILES = {
  folder: 'training',
  manifest: 'run.json',
  metrics: 'metrics.jsonl',
  checkpoint: 'checkpoint.safetensors',
} as const;
