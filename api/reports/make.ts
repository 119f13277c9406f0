/** From what is asked for to a document and its files. */
import { createHash } from 'node:crypto'
import { zoneShift } from '../../ingest/inventory/days.ts'
import { agencyOf, reachOf } from '../../ingest/inventory/scope.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { seesAll } from '../context.ts'
import type { Installation } from '../installation.ts'
import { type Sight, sightsOf } from '../masks.ts'
import { notFound, Refusal } from '../refusal.ts'
import { detailOf, one } from '../routes/incidents.ts'
import { publicAddress } from '../routes/sources.ts'
import type { ReportDocument } from './content.ts'
import { toCsv } from './csv.ts'
import { toDocx } from './docx.ts'
import { factsOf } from './facts.ts'
import { incidentReport } from './incident-report.ts'
import { linksOf } from './links.ts'
import { toPdf } from './pdf.ts'
import { FORM_EXAMPLES, type NamedPeriod, PERIOD_KINDS, type PeriodKind, previousOf, readPeriod } from './period.ts'
import { periodReport } from './period-report.ts'
import { openTemplates } from './templates.ts'

export const REPORT_KINDS = [...PERIOD_KINDS, 'incident'] as const
export type ReportKind = (typeof REPORT_KINDS)[number]
export const FORMATS = ['pdf', 'docx', 'csv'] as const
export type Format = (typeof FORMATS)[number]

export interface Asked {
  readonly kind: ReportKind
  readonly period?: string | undefined
  /** An agency; without it the province. */
  readonly organization?: string | undefined
  /** Of an incident: its id or number. */
  readonly incident?: string | undefined
}

export interface Made {
  readonly document: ReportDocument
  readonly kind: ReportKind
  /** Of the period, or the number of the incident. */
  readonly period: string
  readonly name: string
  readonly made: number
  readonly organization?: { readonly id: string; readonly name: string }
  readonly system?: string
}

const refuse = (vi: string, en: string) => new Refusal(422, 'report', vi, en)

/** Whoever asks, what logs say is masked: a file goes on to people who are not known here. */
const sightOf = ({ config }: Installation): Sight => sightsOf(config.masks)('manager')

/** Rejects with a refusal where there is no such period, agency or incident, or the scope does not hold it. */
export const contentOf = async (installation: Installation, scope: Scope, asked: Asked): Promise<Made> =>
  asked.kind === 'incident'
    ? ofIncident(installation, scope, asked.incident)
    : ofPeriod(installation, scope, asked.kind, asked)

const ofPeriod = async (
  installation: Installation,
  scope: Scope,
  kind: PeriodKind,
  { period: id = '', organization }: Asked,
): Promise<Made> => {
  const { inventory, config } = installation
  const period = periodNamed(installation, kind, id)
  if (organization === undefined && !seesAll(scope))
    throw new Refusal(
      403,
      'forbidden',
      'Báo cáo toàn tỉnh chỉ dành cho người xem cả tỉnh: hãy chọn cơ quan của bạn.',
      'The report of the province is for who sees all of it: choose your agency.',
    )
  const agency = organization === undefined ? undefined : agencyOf(inventory, organization)
  if (organization !== undefined && (!agency || !sees(scope, organization))) throw notFound('cơ quan này', 'agency')
  // An agency's report holds what that agency sees, whoever makes it.
  const own = organization === undefined ? scope : reachOf(inventory, [organization])
  const { closing } = openTemplates(config.reports.templates)
  const before = previousOf(closing, zoneShift(inventory.province.timezone), period)
  const facts = await factsOf(installation, own, { period, before, organization })
  const { notable, overdue } = facts
  const masked = { ...facts, ...sightOf(installation).shown('/api/incidents', { notable, overdue }) }
  return {
    document: periodReport(masked, config.reports, linksOf(inventory, organization)),
    kind,
    period: period.id,
    name: period.name,
    made: facts.made,
    ...(agency ? { organization: { id: agency.id, name: agency.name } } : {}),
  }
}

/** One that has begun. */
const periodNamed = (installation: Installation, kind: PeriodKind, id: string): NamedPeriod => {
  const { inventory, config, clock } = installation
  const { closing } = openTemplates(config.reports.templates)
  const period = readPeriod(closing, zoneShift(inventory.province.timezone), kind, id)
  const shown = JSON.stringify(id.slice(0, 40))
  if (!period)
    throw refuse(
      `Kỳ ${shown} không đúng: hãy ghi dạng ${FORM_EXAMPLES[kind]}.`,
      `The period ${shown} is none: write it as ${FORM_EXAMPLES[kind]}.`,
    )
  if (period.from > clock())
    throw refuse(`Kỳ ${shown} chưa bắt đầu: hãy chọn kỳ khác.`, `The period ${shown} has not begun: choose another.`)
  return period
}

const ofIncident = async (installation: Installation, scope: Scope, id: string | undefined): Promise<Made> => {
  if (!id) throw refuse('Hãy chọn một sự cố.', 'Name an incident.')
  const { inventory, config, clock } = installation
  const found = await one(installation, scope, id)
  const made = clock()
  // Of what is an agency's, the part that this agency sees, whoever makes it.
  const owner = found.doc['organization.id']
  const own = owner === undefined || !seesAll(scope) ? scope : reachOf(inventory, [String(owner)])
  // A report tells no single events: they would only push out what was done.
  const whole = await detailOf(installation, own, found, { most: Number.POSITIVE_INFINITY, eventsOf: 0 })
  const detail = sightOf(installation).shown('/api/incidents', whole)
  const facts = {
    made,
    shift: zoneShift(inventory.province.timezone),
    province: inventory.province.name,
    detail,
    closed: found.doc['incident.closed'],
  }
  const system = found.doc['system.id']
  return {
    document: incidentReport(facts, config.reports, linksOf(inventory)),
    kind: 'incident',
    period: detail.number,
    name: detail.number,
    made,
    ...(detail.organization ? { organization: detail.organization } : {}),
    ...(system === undefined ? {} : { system: String(system) }),
  }
}

export const fileOf = async (installation: Installation, { document, made }: Made, format: Format): Promise<Buffer> => {
  const base = publicAddress(installation.config).url
  switch (format) {
    case 'pdf':
      return setPdf(installation, document, base, made)
    case 'docx':
      return toDocx(document, base)
    case 'csv':
      return toCsv(document)
  }
}

/** A template is data that a province changes: whoever asks is told what is wrong in it. */
const setPdf = ({ config }: Installation, document: ReportDocument, base: string, made: number): Buffer => {
  const templates = openTemplates(config.reports.templates)
  try {
    return toPdf(document, templates, base, made)
  } catch (error) {
    const why = String((error as Error).message ?? error).slice(0, 300)
    throw refuse(
      `Mẫu báo cáo không dàn trang được (reports.templates, ${templates.page.file}): hãy sửa mẫu, hoặc bỏ tệp này để dùng mẫu có sẵn: ${why}`,
      `The template cannot be set (reports.templates, ${templates.page.file}): mend it, or take the file away for the program's own: ${why}`,
    )
  }
}

/** Of a file, in letters that every system takes: bao-cao-month-2026-10-so-y-te.pdf */
export const fileName = (
  {
    kind,
    period,
    organization,
  }: Pick<Made, 'kind' | 'period'> & { readonly organization?: { readonly id: string } | undefined },
  format: Format,
): string =>
  `${['bao-cao', kind, period, ...(organization && kind !== 'incident' ? [organization.id] : [])].join('-').replaceAll(/[^A-Za-z0-9.-]+/g, '-')}.${format}`

export const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
