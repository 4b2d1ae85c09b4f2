/** The image that the controller runs in. */
import { imageReference } from '../../../../src/images.ts';

export const controllerImage = (version: string): string => imageReference('controller', version);

/** The plugin's program in it. */
export const controllerProgram = '/usr/local/bin/kubectl-nsreplicate';
