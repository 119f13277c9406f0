/** `syslog:` of the configuration: where it listens, what senders may take, who relays. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { z } from 'zod'
import type { SyslogOptions } from '../ingest/collect/syslog.ts'
import { expectedOf } from '../ingest/expected.ts'
import { address, bytesOf, network, size } from './config-values.ts'

/** One address or several: a list, or a text with commas. */
const addresses = z
  .unknown()
  .superRefine((value, context) => {
    for (const [i, each] of listOf(value).entries()) {
      const issue = address.safeParse(each).error?.issues[0]
      if (issue)
        context.addIssue({ code: 'custom', path: Array.isArray(value) ? [i] : [], message: expectedOf(issue).en })
    }
    if (Array.isArray(value) && value.length === 0)
      context.addIssue({ code: 'custom', message: 'at least one address such as 0.0.0.0:5514' })
  })
  .transform((value) => listOf(value) as readonly string[])
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : typeof value === 'string' ? value.split(/\s*,\s*/) : [value]

export const syslog = z.strictObject({
  udp: addresses.optional(),
  tcp: addresses.optional(),
  /** RFC 5425. With `ca` a sender has to show a certificate of that authority. */
  tls: z.strictObject({ listen: addresses, cert: z.string(), key: z.string(), ca: z.string().optional() }).optional(),
  /** Senders whose lines say of which host or program they are: believed of these alone. */
  relays: z.array(network).default([]),
  /** A frame over TCP. */
  longest: size.default('1MB'),
  connections: z.int().min(1).default(1000),
  connections_per_sender: z.int().min(1).default(100),
  idle_minutes: z.number().positive().max(10_080).default(60),
  /** Of a source, not yet in the store: above, who sends over TCP waits. */
  unread: size.default('2GB'),
  /** All senders together that no source names. */
  unknown: z
    .strictObject({ lines_per_second: z.number().positive().default(500), bytes_per_day: size.default('256MB') })
    .prefault({}),
})
export type SyslogConfig = z.output<typeof syslog>

/** Every port that is listened on. */
export const syslogPorts = ({ udp, tcp, tls }: SyslogConfig): ReadonlySet<number> =>
  new Set([...(udp ?? []), ...(tcp ?? []), ...(tls?.listen ?? [])].map((each) => Number(/:(\d+)$/.exec(each)![1])))

/** `folder`: paths of the file begin there. */
export const syslogOptions = (config: { readonly syslog: SyslogConfig; readonly folder: string }): SyslogOptions => {
  const { udp, tcp, tls, relays, unknown, ...rest } = config.syslog
  return {
    udp: udp ?? [],
    tcp: tcp ?? [],
    ...(tls ? { tls: { listen: tls.listen, read: () => readTls(tls, config.folder) } } : {}),
    relays,
    longest: bytesOf(rest.longest),
    connections: rest.connections,
    connectionsPerSender: rest.connections_per_sender,
    idle: rest.idle_minutes * 60_000,
    unread: bytesOf(rest.unread),
    unknown: { linesPerSecond: unknown.lines_per_second, bytesPerDay: bytesOf(unknown.bytes_per_day) },
  }
}

/** Throws a sentence where the files are missing, or do not belong together. */
const readTls = (tls: NonNullable<SyslogConfig['tls']>, folder: string) => {
  const read = (key: 'cert' | 'key' | 'ca', what: string): Buffer => {
    const path = resolve(folder, tls[key]!)
    try {
      return readFileSync(path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new Error(`syslog: tls: ${key}: ${path} cannot be read (${code}): name ${what} as a PEM file`)
    }
  }
  const pem = {
    cert: read('cert', 'the certificate chain'),
    key: read('key', 'the key of the certificate'),
    ...(tls.ca === undefined ? {} : { ca: read('ca', 'the authority of the senders’ certificates') }),
  }
  try {
    createSecureContext(pem)
    if (pem.ca) new X509Certificate(pem.ca)
  } catch (error) {
    throw new Error(
      `syslog: tls: certificate and key cannot be used (${(error as Error).message}): name a certificate chain, the key that belongs to it and, as ca, a certificate, each as PEM`,
    )
  }
  return pem
}
