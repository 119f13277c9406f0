/** Reports: what one would say, making it, those that are kept and their files. */
import { type Context, Hono } from 'hono'
import { zoneShift } from '../../ingest/inventory/days.ts'
import type { Stored } from '../../ingest/store/store.ts'
import { placeOf } from '../bounds.ts'
import { audit, type Env, notFound, Refusal } from '../context.ts'
import { does } from '../does.ts'
import { may } from '../permissions.ts'
import type { ReportList, ReportRow } from '../contract-province.ts'
import { type Kept, keepReport, keptFile, keptFilter, reportsIn } from '../reports/keep.ts'
import { contentOf, fileName, FORMATS, type ReportKind } from '../reports/make.ts'
import { PERIOD_KINDS, recentPeriods } from '../reports/period.ts'
import { openTemplates } from '../reports/templates.ts'
import { getReportFile, listReports, makeReport, previewReport } from '../schema/reports.ts'

/** Periods of a kind that can be chosen. */
const OFFERED = { month: 14, quarter: 6, half: 4, nine_months: 3, year: 4 } as const

const rowOf = ({ id, doc }: Stored<Kept>): ReportRow => ({
  id,
  kind: doc['report.kind'],
  period: doc['report.period'],
  name: doc.name,
  title: doc.title,
  ...(doc['organization.id'] === undefined
    ? {}
    : { organization: { id: doc['organization.id'], name: doc['organization.name'] ?? doc['organization.id'] } }),
  at: doc['report.at'],
  by: doc['report.by'],
  ...(doc['report.scheduled'] ? { scheduled: true as const } : {}),
  bytes: { pdf: doc.files.pdf.bytes, docx: doc.files.docx.bytes, csv: doc.files.csv.bytes },
})

/** The report of an incident takes evidence out of the program: lines of logs, addresses. */
const mayTake = (c: Context<Env>, kind: ReportKind): void => {
  if (kind === 'incident' && !may(c.var.user, 'export'))
    throw new Refusal(
      403,
      'forbidden',
      'Vai trò của bạn không được đưa bằng chứng ra ngoài: hãy nhờ chuyên viên phân tích.',
      'Your role may not take evidence out of the program: ask an analyst.',
    )
}

export const reports = new Hono<Env>()
  .get('/', does(listReports), async (c) => {
    const { installation, scope } = c.var
    const q = c.req.valid('query')
    const page = await reportsIn(installation.store.documents).query(scope, {
      filter: keptFilter(q.kind === 'all' ? undefined : q.kind),
      sort: [{ field: 'report.at', order: 'desc' }],
      limit: q.limit ?? 50,
      ...placeOf(q),
    })
    const { closing } = openTemplates(installation.config.reports.templates)
    const shift = zoneShift(installation.inventory.province.timezone)
    const now = installation.clock()
    const body: ReportList = {
      items: page.items.map(rowOf),
      total: page.total,
      ...(page.cursor ? { cursor: page.cursor } : {}),
      periods: PERIOD_KINDS.flatMap((kind) =>
        recentPeriods(closing, shift, kind, now, OFFERED[kind]).map(({ id, name, from, to }) => ({
          kind,
          id,
          name,
          from,
          to,
          ...(to > now ? { running: true as const } : {}),
        })),
      ),
    }
    return c.json(body)
  })
  .post('/preview', does(previewReport), async (c) => {
    const { document } = await contentOf(c.var.installation, c.var.scope, c.req.valid('json'))
    return c.json(document)
  })
  .post('/', does(makeReport), async (c) => {
    const { installation, scope, user } = c.var
    const asked = c.req.valid('json')
    mayTake(c, asked.kind)
    const kept = (await keepReport(installation, scope, asked, user.username))!
    await audit(c, 'report.make', kept.doc.title, kept.id)
    return c.json(rowOf(kept))
  })
  .get('/:id/:format', does(getReportFile), async (c) => {
    const { installation, scope } = c.var
    const format = FORMATS.find((each) => each === c.req.param('format'))
    const kept = format && (await reportsIn(installation.store.documents).get(scope, c.req.param('id')))
    const bytes = kept && (await keptFile(installation, scope, kept.doc, format))
    if (!kept || !bytes) throw notFound('báo cáo này', 'report')
    mayTake(c, kept.doc['report.kind'])
    await audit(c, 'report.download', kept.doc.title, `${kept.id}.${format}`)
    const { kind, period, organization } = rowOf(kept)
    return c.body(new Uint8Array(bytes), 200, {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${fileName({ kind, period, organization }, format)}"`,
    })
  })
