/** Flags of the service, of all commands that may serve it. */
import { option } from '../../../../src/cli/options.ts';

const group = 'Service';

export const listenOption = () =>
  option.text('--listen', {
    value: 'HOST:PORT',
    description: 'Serve a page, an API and metrics there; :8080 is all addresses of this machine.',
    group,
  });
export const tlsCertOption = () =>
  option.text('--tls-cert', {
    value: 'FILE',
    description: 'Certificate of the service, PEM; read again when it changes.',
    group,
  });
export const tlsKeyOption = () => option.text('--tls-key', { value: 'FILE', description: 'Its key.', group });
export const ownCertificateOption = () =>
  option.flag('--own-certificate', {
    description:
      'Use the certificate in Secret nsreplicate-controller-tls of namespace x8s-nsreplicate. Where there is none, one that signs itself is made there, and renewed before it ends.',
    group,
  });
export const insecureListenOption = () =>
  option.flag('--insecure-listen', {
    description: 'Listen for others without TLS: something in front of the service encrypts.',
    group,
  });
export const metricsAuthOption = () =>
  option.choice('--metrics-auth', ['token', 'none'], {
    description: 'Whether /metrics wants a token of a user. Default: token.',
    group,
    default: 'token',
  });
