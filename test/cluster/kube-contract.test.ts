/** The same expectations that the unit tests' fake cluster is held to. */
import { describe } from '@jest/globals';
import { kubeContract } from '../unit/support/kube-contract.ts';
import { inNamespace } from './support/namespace.ts';

describe('a real API server does what this project relies on', () => {
  kubeContract(inNamespace('A'));
});
