/** What replicas are called, by how a person names them. */
import { basename } from 'node:path';

/** A context keeps its name; a kubeconfig is called after its file. */
export const clusterName = (text: string): string =>
  text.includes('/') && /\.(ya?ml|conf|config|kubeconfig)$/.test(text) ? fileStem(text) : text;

/** A file's name without its ending. */
export const fileStem = (path: string): string => basename(path).replace(/(?<=.)\.[^.]+$/, '');
