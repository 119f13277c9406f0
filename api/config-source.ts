/** One source, as `vonglau.yml` says it. */
import { z } from 'zod'
import type { Description } from '../ingest/described/described.ts'
import { expectedOf } from '../ingest/expected.ts'
import { parsers } from '../ingest/parsers/index.ts'
import type { Source } from '../ingest/source.ts'
import { network, zone } from './config-values.ts'

/** Parsers of one's own, by their ids. */
export type Own = ReadonlyMap<string, Description>

const optionsOf = (parser: string): string => {
  const shape = parsers.get(parser)!.options
  return (shape instanceof z.ZodObject ? Object.keys(shape.shape) : []).join(', ') || 'none'
}

/** `own`: parsers that are described in the folder which `parsers` names. */
export const sourceWith = (own: Own) =>
  z
    .strictObject({
      id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'letters, digits, "-", "_" and "."'),
      parser: z.string().refine((id) => parsers.has(id) || own.has(id), {
        error: () => `one of ${[...own.keys(), ...parsers.keys()].join(', ')}`,
      }),
      title: z.string().optional(),
      organization: z.string().optional(),
      /** The information system whose log it is: an id of the inventory. */
      system: z.string().optional(),
      /** Addresses of the server whose log it is, where the log does not say them. */
      serves: z.array(network).optional(),
      timezone: zone.optional(),
      /** What the parser cannot know of the format: see the parser. */
      options: z.record(z.string(), z.unknown()).optional(),
      silent_minutes: z.number().positive().default(15),
      /** Days of its events, where they are others than those of all. */
      retention: z.strictObject({ days: z.int().min(1) }).optional(),
      file: z
        .strictObject({
          path: z.string(),
          start: z.enum(['beginning', 'end']).default('beginning'),
          /** Every process of a cluster sees the same files. */
          shared: z.boolean().default(false),
        })
        .optional(),
      syslog: z
        .strictObject({
          /** Addresses and networks that send. */
          from: z.array(network).min(1).optional(),
          /** Only what came to this port of ours. */
          port: z.int().min(1).max(65_535).optional(),
          /** Of the lines that a relay sends, those whose header names one of these hosts, programs. */
          host: z.array(z.string().min(1)).min(1).optional(),
          program: z.array(z.string().min(1)).min(1).optional(),
        })
        .refine((s) => Object.keys(s).length > 0, 'from:, port:, host: or program:')
        .optional(),
      http: z
        .strictObject({
          /** Itself, or `sha256:` and its hash: 64 digits of base 16. */
          token: z
            .string()
            .min(16, 'at least 16 characters')
            .regex(
              /^(?!sha256:)|^sha256:[0-9a-f]{64}$/,
              'a token, or "sha256:" and the 64 digits (0-9, a-f) of its hash',
            ),
        })
        .optional(),
    })
    .refine((s) => [s.file, s.syslog, s.http].filter(Boolean).length === 1, 'exactly one of file:, syslog: and http:')
    .superRefine((s, context) => {
      const read = parsers.get(s.parser)?.options.safeParse(s.options ?? {})
      for (const issue of read?.error?.issues ?? []) {
        const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
        context.addIssue({
          code: 'custom',
          path: ['options', ...issue.path, ...unknown],
          message: unknown.length
            ? `an option of the parser ${s.parser}, which has ${optionsOf(s.parser)}`
            : expectedOf(issue).en,
        })
      }
    })

export interface Around {
  /** A path of the file, as one from the root. */
  readonly under: (path: string) => string
  readonly described: Own
  /** Of all sources that say none. */
  readonly timezone: string
  /** Folders that links may lead into. */
  readonly files: readonly string[]
}
export const toSource = (s: z.output<ReturnType<typeof sourceWith>>, around: Around): Source => {
  const { under, described, files } = around
  return {
    id: s.id,
    parser: s.parser,
    ...(described.has(s.parser) ? { described: described.get(s.parser)! } : {}),
    ...(s.title === undefined ? {} : { title: s.title }),
    ...(s.organization === undefined ? {} : { organization: s.organization }),
    ...(s.system === undefined ? {} : { system: s.system }),
    ...(s.serves ? { serves: s.serves } : {}),
    timezone: s.timezone ?? around.timezone,
    ...(s.timezone === undefined ? {} : { zoned: true }),
    ...(s.options === undefined ? {} : { options: s.options }),
    silent: s.silent_minutes,
    ...(s.retention ? { days: s.retention.days } : {}),
    collect: s.file
      ? {
          kind: 'file',
          path: under(s.file.path),
          start: s.file.start,
          ...(s.file.shared ? { shared: true } : {}),
          ...(files.length ? { files: files.map(under) } : {}),
        }
      : s.syslog
        ? { kind: 'syslog', ...s.syslog, from: s.syslog.from ?? [] }
        : { kind: 'http', token: s.http!.token },
  }
}

/** An id that a source of this parser may have: the first that none has. */
export const freeId = (sources: readonly Source[], parser: string): string => {
  const taken = new Set(sources.map(({ id }) => id))
  let n = 1
  const id = () => `${parser.replaceAll('_', '-')}-${String(n).padStart(2, '0')}`
  while (taken.has(id())) n++
  return id()
}
