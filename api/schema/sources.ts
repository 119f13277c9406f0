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
  answer: z.strictObject({ items: z.array(sourceRow), setup: sourceSetup }),
})
