/** Reports of a period or of an incident: what they say, those that are kept, their files. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { choice, cursor, limit } from './query.ts'
import { named, present, time } from './words.ts'

const PERIODS = ['month', 'quarter', 'half', 'nine_months', 'year'] as const
export const periodKind = z.enum(PERIODS).meta({ id: 'PeriodKind' })
export const reportKind = z.enum([...PERIODS, 'incident']).meta({ id: 'ReportKind' })
export const reportFormat = z.enum(['pdf', 'docx', 'csv']).meta({ id: 'ReportFormat' })

const run = z
  .union([
    z.string(),
    z.strictObject({
      text: z.string(),
      value: z.number().optional(),
      href: z.string().optional().describe('The list that it counted, in the console'),
    }),
  ])
  .meta({ id: 'ReportRun' })
const row = z.strictObject({ cells: z.array(run), total: present.optional() })
const block = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('heading'), level: z.union([z.literal(1), z.literal(2)]), text: z.string() }),
    z.strictObject({ kind: z.literal('paragraph'), runs: z.array(run) }),
    z.strictObject({
      kind: z.literal('table'),
      caption: z.string(),
      head: z.array(z.strictObject({ title: z.string(), parts: z.array(z.string()).optional() })),
      align: z.array(z.enum(['left', 'center', 'right'])),
      widths: z.array(z.number()),
      rows: z.array(row),
      rest: z.array(row).optional().describe('In the CSV only'),
      note: z.string().optional(),
    }),
    z.strictObject({
      kind: z.literal('chart'),
      caption: z.string(),
      alt: z.string(),
      series: z.array(z.string()),
      bars: z.array(
        z.strictObject({
          label: z.string(),
          values: z.array(z.number()),
          href: z.string().optional(),
          within: z.boolean(),
        }),
      ),
      note: z.string().optional(),
    }),
  ])
  .meta({ id: 'ReportBlock' })
export const reportDocument = z
  .strictObject({
    title: z.string(),
    language: z.literal('vi'),
    issuer: z.strictObject({ parent: z.string().optional(), name: z.string() }),
    sign: z.string(),
    dated: z.strictObject({ place: z.string(), month: z.number(), year: z.number() }),
    type: z.string(),
    subject: z.array(z.string()),
    to: z.string(),
    blocks: z.array(block),
    signer: z.strictObject({ title: z.array(z.string()), name: z.string() }),
    recipients: z.array(z.string()),
  })
  .meta({ id: 'ReportDocument', description: 'In Vietnamese, the language of official letters' })

export const reportRow = z
  .strictObject({
    id: z.string(),
    kind: reportKind,
    period: z.string().describe('2026-10, 2026-Q4, 2026-H2, 2026-9M, 2026; of an incident its number'),
    name: z.string(),
    title: z.string(),
    organization: named.optional(),
    at: time,
    by: z.string(),
    scheduled: present.optional(),
    bytes: z.strictObject({ pdf: z.number(), docx: z.number(), csv: z.number() }),
  })
  .meta({ id: 'ReportRow' })
export const reportList = z
  .strictObject({
    items: z.array(reportRow),
    total: z.number(),
    cursor: z.string().optional(),
    periods: z
      .array(
        z.strictObject({
          kind: periodKind,
          id: z.string(),
          name: z.string(),
          from: time,
          to: time,
          running: present.optional().describe('It is not closed yet'),
        }),
      )
      .describe('Those that can be chosen, the newest first'),
  })
  .meta({ id: 'ReportList' })

export const reportQuery = z.strictObject({
  kind: choice(['all', ...reportKind.options], 'all', 'Of which kind'),
  cursor,
  limit: limit(200),
})
export const listReports = operation({
  id: 'listReports',
  tag: 'reports',
  summary: 'Reports that are kept, the newest first, and the periods of which one can be made',
  act: 'read',
  query: reportQuery,
  answer: reportList,
})
const asked = {
  kind: reportKind,
  period: z.string().max(40).optional(),
  organization: z.string().max(200).optional().describe('An agency; without it, the province'),
  incident: z.string().max(200).optional().describe('Id or number'),
}
export const previewReport = operation({
  id: 'previewReport',
  tag: 'reports',
  summary: 'What a report would say, with the figures of now; nothing is kept',
  act: 'read',
  body: z.strictObject(asked),
  answer: reportDocument,
  refuses: [404, 422],
})
export const makeReport = operation({
  id: 'makeReport',
  tag: 'reports',
  summary: 'Makes a report and keeps it; of an incident it needs the permission "export"',
  act: 'read',
  body: z.strictObject(asked),
  answer: reportRow,
  refuses: [404, 422],
})
export const getReportFile = operation({
  id: 'getReportFile',
  tag: 'reports',
  summary: 'A file of a kept report (pdf, docx, csv); of an incident it needs the permission "export"',
  act: 'read',
  answer: z.string().describe('The bytes'),
  media: 'application/octet-stream',
  refuses: [404],
})
