/** An answer that goes on beyond all that an API server would say. */
import { X8sError } from '../../errors.ts';

/** More came than may be kept, so the rest was not read, and nothing of it was taken. A shorter page may fit. */
export class AnswerTooLong extends X8sError {}
