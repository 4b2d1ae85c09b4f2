/** The image of an agent beside a container: any with a Node.js does, and the controller's has one. */
import { imageReference } from '../../../src/images.ts';

/** The image for this version of the plugin. */
export const agentImage = (version: string): string => imageReference('controller', version);
