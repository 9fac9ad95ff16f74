/**
 * Provably robust image retrieval: what a program needs to open an encoder and a gallery, to search, certify, train, evaluate and
 * report. Everything else has an entry point of its own, such as `retrievalguard/certify`; docs/library.md lists them.
 *
 * @module retrievalguard
 */

// errors
export { ERROR_CODES, type ErrorCode, isRetrievalGuardError, RetrievalGuardError } from './errors.ts';
export { VERSION } from './version.ts';

// what is opened
export { type Dataset, type DatasetItem, openDataset } from './datasets/index.ts';
export { type EncoderInfo, openEncoder, readEncoderInfo } from './encoder/index.ts';
export {
  Gallery,
  galleryHash,
  type GalleryManifest,
  identityGallery,
  openGallery,
  writeGallery,
} from './gallery/index.ts';
export { loadImage } from './image/index.ts';

// searching and certifying one query
export { type Certificate, CERTIFICATE_METHODS, type CertificateMethod, radiusOf } from './certify/index.ts';
export {
  type CertifiedQuery,
  type CertifySettings,
  type QueryInput,
  Smoother,
  type SmootherOptions,
  type Stopping,
} from './smoothing/index.ts';

// whole datasets
export {
  attackDataset,
  auditRun,
  certifyDataset,
  defaultRadii,
  indexDataset,
  readRun,
  type Row,
  type RunManifest,
  shareAbove,
  type Summary,
  survivalCurve,
} from './evaluate/index.ts';
export { initialModel, train } from './training/index.ts';

// reports
export { loadFolder, loadRun, renderReport, runStatistics, writeReport } from './report/index.ts';
