/** What reports are written on: letters that no font has, a template that a province has broken, one report that cannot be made among others. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IncidentRow } from '../../api/contract.ts'
import type { Figures, Letter } from '../../api/contract-province.ts'
import type { ReportDocument } from '../../api/reports/content.ts'
import { toPdf } from '../../api/reports/pdf.ts'
import { makeDue } from '../../api/reports/schedule.ts'
import { openTemplates } from '../../api/reports/templates.ts'
import { plain } from '../../api/reports/vietnamese.ts'
import { hasBefore } from '../../api/reports/sections.ts'
import { attack, type Console, openConsole, OURS, type Person } from './console.ts'

const OWN = openTemplates(undefined)
const HERE = new URL('../../api/reports/templates/report.typ', import.meta.url)

/** A document that says a text wherever one can stand. */
const saying = (text: string): ReportDocument => ({
  title: `Báo cáo ${text}`,
  language: 'vi',
  issuer: { name: text },
  sign: '/BC-X',
  dated: { place: text, month: 1, year: 2026 },
  type: 'BÁO CÁO',
  subject: [text],
  to: text,
  blocks: [
    { kind: 'heading', level: 1, text },
    { kind: 'paragraph', runs: [text, { text, href: '/incidents?q=1' }] },
    { kind: 'table', caption: text, head: [{ title: text }], align: ['left'], widths: [1], rows: [{ cells: [text] }] },
  ],
  signer: { title: [text], name: text },
  recipients: [text],
})
const textOf = async (bytes: Buffer): Promise<string> => {
  const page = await (await getDocument({ data: new Uint8Array(bytes) }).promise).getPage(1)
  return (await page.getTextContent()).items.map((item) => ('str' in item ? item.str : '')).join(' ')
}

/** What an address or a name may hold, and what the paper says. */
test.each([
  ['Vietnamese, composed', 'Ủy ban Xã Ế', 'Ủy ban Xã Ế'],
  ['Chinese', '/cửa/中文', '/cửa/□□'],
  ['a picture', 'x🔥y', 'x□y'],
  ['Thai', 'xภy', 'x□y'],
  ['not a character yet', 'x\u0378y', 'x□y'],
  ['never a character', 'x\ufffey\u{1ffff}z', 'x□y□z'],
  ['half of one', 'x\ud800y', 'x\ufffdy'],
  ['markup of the typesetter', '#read("/etc/passwd") $x$ <a>', '#read("/etc/passwd") $x$ <a>'],
  ['an import of it', '#import "@preview/x:1.0.0": *', '#import "@preview/x:1.0.0": *'],
])('%s is set', async (_, text, shown) =>
  expect(await textOf(toPdf(saying(plain(text)), OWN, 'http://vonglau.example', 0))).toContain(shown),
)
/** Signs that are not seen make no report fail. */
test.each(['a\u200bb', 'a\u00adb', 'a\u200d\u2060b', 'a\ufe0f', '\u{e0041}', `a${'\u0300'.repeat(60)}`, '\ue000', ' '])(
  '%j is set',
  (text) => expect(toPdf(saying(plain(text)), OWN, 'http://vonglau.example', 0).length).toBeGreaterThan(1000),
)

/** Whether there is something to compare with: of nine months the year before ends long before the period begins. */
test.each([
  ['nothing was ever there', undefined, false],
  ['it began in the period before', '2025-06-01', true],
  ['it began between the two', '2025-11-01', false],
  ['it began in the period', '2026-01-01', false],
])('%s', (_, first, compared) =>
  expect(
    hasBefore({
      figures: first === undefined ? {} : { first: Date.parse(first) },
      before: { from: Date.parse('2024-12-15'), to: Date.parse('2025-09-15') },
      period: { from: Date.parse('2025-12-15'), to: Date.parse('2026-09-15') },
    } as Parameters<typeof hasBefore>[0]),
  ).toBe(compared),
)

describe('a template of the province', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-papers-'))
  const page = join(folder, 'report.typ')
  let console_: Console
  let manager: Person
  beforeAll(async () => {
    copyFileSync(HERE, page)
    writeFileSync(
      join(folder, 'inventory.yml'),
      `province: { id: p, code: PP, name: Tỉnh Vĩnh Long, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, code: SYT, name: Xã A, kind: commune }
  - { id: so-giao-duc-va-dao-tao, code: SGD, name: Xã Hỏng, kind: commune }
  - { id: c, code: XC, name: "Xã C\\n\\n9. Đề nghị chuyển tiền\\u202E", kind: commune }
portals:
  - { id: p, domain: ${OURS.host}, name: P, organization: so-y-te, addresses: [203.0.113.10] }
systems:
  - { id: s, name: Hệ, owner: c, assessments: [{ date: 2026-01-01, by: Đoàn, findings: [{ text: "Hở\\n\\nTrân trọng.", due: 2026-02-01 }] }] }
`,
    )
    console_ = await openConsole(
      `reports: { templates: ${JSON.stringify(folder)}, schedule: { kinds: [month], agencies: true } }\n`,
      Date.now,
      { VONGLAU_INVENTORY: join(folder, 'inventory.yml') },
    )
    manager = await console_.person('manager')
  })
  afterAll(async () => {
    await console_.close()
    rmSync(folder, { recursive: true, force: true })
  })
  test('a report that cannot be made holds up no other, is named, and is made when it can be', async () => {
    const { installation } = console_.running
    writeFileSync(page, `${readFileSync(HERE, 'utf8')}\n#if doc.to == "Xã Hỏng" { panic("hỏng") }\n`)
    await expect(makeDue(installation)).rejects.toThrow(
      /^1 of 4 reports .*scheduled-month-[-\d]+-so-giao-duc-va-dao-tao: .*report\.typ/,
    )
    const ends = async () =>
      ((await manager.get('/reports')).body.items as { id: string }[])
        .map(({ id }) => id.replace(/^scheduled-month-\d{4}-\d\d/, ''))
        .sort()
    expect(await ends()).toEqual(['', '-c', '-so-y-te'])
    copyFileSync(HERE, page)
    expect(await makeDue(installation)).toHaveLength(1)
    expect(await ends()).toEqual(['', '-c', '-so-giao-duc-va-dao-tao', '-so-y-te'])
  })
  test('what is wrong in it is said to whoever makes a report', async () => {
    writeFileSync(page, '#let doc = ')
    const period = (await manager.get('/reports')).body.periods[0].id as string
    const { status, body } = await manager.post('/reports', { kind: 'month', period })
    expect([status, body.error.code]).toEqual([422, 'report'])
    expect(body.error.message).toContain('report.typ')
    expect(body.error.message).not.toContain(folder)
    copyFileSync(HERE, page)
  })
  test('a name or a finding adds no line to a letter', async () => {
    const { text } = ((await manager.get('/letters')).body.items as Letter[])[0]!
    expect(text.split('\n\n').map((line) => line.slice(0, 24))).toEqual([
      expect.stringMatching(/^Kính gửi: Xã C··9\. Đề/),
      expect.stringMatching(/^Qua giám sát/),
      expect.stringMatching(/^1\. Hệ: Hở··Trân trọng/),
      expect.stringMatching(/ề nghị/),
      'Trân trọng.',
    ])
  })
  test('a finding is late from its day on, whenever the figures are asked for', async () => {
    const late = async (to: string) =>
      ((await manager.get(`/figures?from=1&to=${Date.parse(to)}`)).body as Figures).changes
        .filter(({ kind }) => kind === 'findings')
        .map((each) => each.kind === 'findings' && each.systems.map(({ id }) => id))
    expect([await late('2025-12-01'), await late('2026-01-20'), await late('2026-02-20')]).toEqual([[], [], [['s']]])
  })
  test('many alerts push nothing that was done out of an incident’s report', async () => {
    const ips = Array.from({ length: 180 }, (_, i) => `198.51.100.${i + 1}`)
    await console_.take(
      OURS.source,
      ips.map((ip, i) => attack(OURS.host, '/x', { ip, ago: 600_000 - i * 1000 })),
    )
    const analyst = await console_.person('analyst')
    const { id, alerts } = (await analyst.get('/incidents')).body.items[0] as IncidentRow
    const { blocks } = (await analyst.post('/reports/preview', { kind: 'incident', incident: id }))
      .body as ReportDocument
    const rows = blocks.flatMap((block) => (block.kind === 'table' ? [[...block.rows, ...(block.rest ?? [])]] : []))
    const said = rows[1]!.map(({ cells }) => cells[1])
    expect(alerts).toBe(180)
    expect(said.filter((what) => what === 'Mở sự cố')).toHaveLength(1)
    expect(said.filter((what) => what === 'Cảnh báo')).toHaveLength(180)
    expect(rows[0]!.find(({ cells }) => cells[0] === 'Số cảnh báo')!.cells[1]).toMatchObject({ value: 180 })
  })
})
