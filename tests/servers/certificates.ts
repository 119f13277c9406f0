/** Certificates of 127.0.0.1 and localhost for tests, by `openssl`, as PEM files of a folder: `NAME.crt` and `NAME.key`. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1\n'

export const openCertificates = (folder: string) => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const made = (name: string, subject: string) => [
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    `/CN=${subject}`,
    '-keyout',
    `${name}.key`,
  ]
  writeFileSync(join(folder, 'names'), NAMES)
  return {
    authority: (name: string, subject = name): void =>
      void openssl('req', '-x509', '-days', '30', ...made(name, subject), '-out', `${name}.crt`),
    /** Signed by an authority of the folder. */
    signed: (name: string, by: string, subject = name): void => {
      openssl('req', ...made(name, subject), '-out', `${name}.csr`)
      const authority = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial']
      openssl(
        'x509',
        '-req',
        '-days',
        '30',
        '-in',
        `${name}.csr`,
        ...authority,
        '-extfile',
        'names',
        '-out',
        `${name}.crt`,
      )
    },
  }
}
