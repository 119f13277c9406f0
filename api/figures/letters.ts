/** Letters to agencies that are late (công văn đôn đốc), drafted: what an official reads through, numbers and signs. Never sent by itself. */
import { DAY, dayOf } from '../../ingest/inventory/days.ts'
import type { Inventory } from '../../ingest/inventory/schema.ts'
import { agencyOf, countedWith, systemOf } from '../../ingest/inventory/scope.ts'
import { isValidOn } from '../../ingest/inventory/days.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Scope, Stored } from '../../ingest/store/store.ts'
import { incidentsIn } from '../../rules/case/decide.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { overdueThen } from '../../rules/risk/open.ts'
import { overdueFindings } from '../../rules/risk/standing.ts'
import type { Level } from '../../rules/rule.ts'
import { zoneOffset } from '../context.ts'
import type { Letter, Letters } from '../contract-province.ts'
import type { Installation } from '../installation.ts'
import { plain } from '../reports/vietnamese.ts'

const LEVEL: { readonly [level in Level]: string } = {
  critical: 'nghiêm trọng',
  high: 'cao',
  medium: 'trung bình',
  low: 'thấp',
  informational: 'thông tin',
}
const two = (n: number): string => String(n).padStart(2, '0')
/** As letters write it: 16 giờ 05 phút ngày 20 tháng 11 năm 2026. */
const momentText = (timezone: string, at: number): string => {
  const local = new Date(at + zoneOffset(timezone, at))
  return `${two(local.getUTCHours())} giờ ${two(local.getUTCMinutes())} phút ngày ${two(local.getUTCDate())} tháng ${local.getUTCMonth() + 1} năm ${local.getUTCFullYear()}`
}
const dayText = (day: string): string => day.split('-').reverse().join('/')
const lateText = (ms: number): string => {
  const hours = Math.floor(ms / 3_600_000)
  return hours < 1 ? 'dưới 01 giờ' : hours < 48 ? `${two(hours)} giờ` : `${two(Math.floor(ms / DAY))} ngày`
}

/** Nobody late: no letter. */
const textOf = (inventory: Inventory, letter: Omit<Letter, 'text'>, now: number): string => {
  const name = plain(letter.organization.name)
  const { timezone } = inventory.province
  const basis = inventory.deadlines
    .filter(({ valid_from }) => valid_from <= dayOf(timezone, now))
    .sort((a, b) => (a.valid_from < b.valid_from ? 1 : -1))[0]?.legal_basis
  const what = [
    ...(letter.incidents.length ? [`${two(letter.incidents.length)} sự cố quá hạn xử lý`] : []),
    ...(letter.findings.length ? [`${two(letter.findings.length)} nội dung khắc phục sau đánh giá quá hạn`] : []),
  ]
  const items = [
    ...letter.incidents.map(
      ({ number, title, level, due }) =>
        `Sự cố số ${number}: ${plain(title.vi)} (mức ${LEVEL[level]}), phải xử lý xong trước ${momentText(timezone, due)}, đã quá hạn ${lateText(now - due)}.`,
    ),
    ...letter.findings.map(
      ({ system, text, due }) =>
        `${plain(system.name)}: ${plain(text)}, phải khắc phục xong trước ngày ${dayText(due)}.`,
    ),
  ]
  return [
    `Kính gửi: ${name}.`,
    `Qua giám sát an toàn thông tin mạng trên địa bàn tỉnh, tính đến ${momentText(timezone, now)}, ${name} còn ${what.join(' và ')}, cụ thể như sau:`,
    ...items.map((item, i) => `${i + 1}. ${item}`),
    `${basis === undefined ? 'Đ' : `Căn cứ ${basis}, đ`}ề nghị ${name} khẩn trương xử lý dứt điểm các nội dung nêu trên và báo cáo kết quả bằng văn bản trong thời hạn 03 ngày làm việc kể từ ngày nhận được văn bản này; trường hợp có khó khăn, vướng mắc, đề nghị trao đổi ngay với đơn vị giám sát để được hỗ trợ.`,
    `Trân trọng.`,
  ].join('\n\n')
}

export const lettersOf = async (installation: Installation, scope: Scope): Promise<Letters> => {
  const { inventory, store } = installation
  const now = installation.clock()
  const date = dayOf(inventory.province.timezone, now)
  const late: Stored<Incident>[] = []
  let cursor: string | undefined
  do {
    const page = await incidentsIn(store.documents).query(scope, {
      filter: overdueThen(now),
      sort: [{ field: 'incident.due', order: 'asc' }],
      limit: 1000,
      ...(cursor ? { cursor } : {}),
    })
    late.push(...page.items)
    cursor = page.cursor
  } while (cursor)
  /** Who answers for it now: the agency, or who has its duties. */
  const heirs = (id: string): readonly string[] =>
    countedWith(inventory, id).filter((each) => {
      const agency = agencyOf(inventory, each)
      return agency !== undefined && isValidOn(agency, date) && sees(scope, each)
    })
  const drafts = new Map<string, { incidents: Letter['incidents']; findings: Letter['findings'] }>()
  const draft = (id: string) => {
    const found = drafts.get(id) ?? { incidents: [], findings: [] }
    drafts.set(id, found)
    return found
  }
  for (const { id, doc } of late)
    for (const agency of heirs(doc['organization.id'] ?? ''))
      draft(agency).incidents.push({
        id,
        number: doc['incident.number'],
        title: { vi: doc.title, en: doc.title_en ?? doc.title },
        level: doc['incident.level'],
        status: doc['incident.status'],
        due: doc['incident.due'],
      })
  for (const system of inventory.systems.filter((each) => isValidOn(each, date)))
    for (const { text, due } of overdueFindings(system, date))
      for (const agency of heirs(system.owner))
        draft(agency).findings.push({
          system: { id: system.id, name: systemOf(inventory, system.id)?.name ?? system.id },
          text,
          due,
        })
  const items = [...drafts].map(([id, { incidents, findings }]): Letter => {
    const organization = { id, name: agencyOf(inventory, id)?.name ?? id }
    const letter = { organization, incidents, findings }
    return { ...letter, text: textOf(inventory, letter, now) }
  })
  items.sort(
    (a, b) =>
      (a.incidents[0]?.due ?? Number.POSITIVE_INFINITY) - (b.incidents[0]?.due ?? Number.POSITIVE_INFINITY) ||
      a.organization.name.localeCompare(b.organization.name, 'vi'),
  )
  return { at: now, items }
}
