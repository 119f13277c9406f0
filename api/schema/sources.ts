/** Sources of logs, how they are, and how a device is told to send. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { buckets, named, time } from './words.ts'

export const sourceRow = z
  .strictObject({
    id: z.string(),
    parser: z.string(),
    title: z.string(),
    kind: z.enum(['file', 'syslog', 'http']),
    organization: named.optional(),
    agencies: z.array(z.string()).optional().describe('Those that it is counted with'),
    system: z.string().optional(),
    state: z.enum(['receiving', 'silent', 'waiting', 'failing']),
    problem: z.string().optional().describe('The sentence for a person where it fails'),
    last_event: time.optional(),
    rate: z.number().describe('Lines a second over the last minute'),
    lag: z.number().describe('ms between the newest "@timestamp" and its ingest, last minute'),
    lines: z.number().describe('Of the last 24 h'),
    unparsed: z.number().describe('Of the last 24 h'),
    behind: z.number().describe('Bytes read or received and not yet in the store'),
    time_ahead: z.boolean().optional().describe('Its clock is more than 24 h ahead'),
    recent: z.strictObject({ ...buckets, lines: z.array(z.number()), unparsed: z.array(z.number()) }),
  })
  .meta({ id: 'SourceRow' })
export const sourceSetup = z
  .strictObject({
    address: z.string().describe('This server’s address as devices reach it'),
    syslog_port: z.number().optional(),
    http: z.string(),
    snippets: z
      .array(z.strictObject({ parser: z.string(), title: z.string(), where: z.string(), text: z.string() }))
      .describe('Of each parser that says what to set on the device'),
  })
  .meta({ id: 'SourceSetup' })

export const listSources = operation({
  id: 'listSources',
  tag: 'sources',
  summary: 'Sources of logs and how they are; what to set on a new device',
  act: 'read',
  answer: z.strictObject({
    items: z.array(sourceRow),
    setup: sourceSetup,
    texts: z
      .strictObject({
        waiting: z.array(z.string()).describe('Those of which a file says otherwise than a person'),
        ended: z.array(z.string()).describe('Those that are read no longer'),
      })
      .optional()
      .describe('To who may change them'),
  }),
})

const example = z.strictObject({ line: z.string(), fields: z.record(z.string(), z.string()) })
export const unknownReading = z
  .strictObject({
    address: z.string(),
    lines: z.number().describe('Lines that were looked at, the newest'),
    ranked: z
      .array(
        z.strictObject({
          parser: z.string(),
          title: z.string(),
          taken: z.number().describe('Part of the lines that it takes, 0 to 1'),
          understood: z.number().describe('Part of which it says more than their header does'),
          id: z.string().describe('An id that a source of it may have'),
          examples: z.array(example),
        }),
      )
      .describe('The parsers that read them best'),
  })
  .meta({ id: 'UnknownReading' })
export const unknownSender = z
  .strictObject({ address: z.string(), lines: z.number(), first: time, last: time })
  .meta({ id: 'UnknownSender' })

export const listUnknown = operation({
  id: 'listUnknownSenders',
  tag: 'sources',
  summary: 'Senders of the last seven days that no source names',
  act: 'admin',
  answer: z.strictObject({ items: z.array(unknownSender) }),
})
export const getUnknown = operation({
  id: 'getUnknownSender',
  tag: 'sources',
  summary: 'Which parsers read the lines of such a sender best',
  act: 'admin',
  answer: unknownReading,
})
export const assignSender = operation({
  id: 'assignSender',
  tag: 'sources',
  summary: 'Makes such a sender a source of the configuration, and has its lines read again',
  act: 'admin',
  body: z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'letters, digits, "-", "_" and "."'),
    parser: z.string(),
    organization: z.string().optional().describe('An agency of the inventory'),
  }),
  answer: z.strictObject({ id: z.string() }),
  refuses: [404, 409],
})
