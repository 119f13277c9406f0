/** Reports over a real server: each number is the length of its list, nobody's but one's own, nothing that others write does harm. On each store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { getDocument, type PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AlertRow, IncidentRow, PortalRow, SourceRow } from '../../api/contract.ts'
import type { ReportDocument, ReportList, ReportRow, RiskView, SystemRow } from '../../api/contract-province.ts'
import { figuresIn, textOf } from '../../api/reports/content.ts'
import { forgetOld, reportsIn } from '../../api/reports/keep.ts'
import { FORMATS } from '../../api/reports/make.ts'
import { roleMay, ROLES } from '../../api/permissions.ts'
import { makeDue } from '../../api/reports/schedule.ts'
import { publicAddress } from '../../api/routes/sources.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { PORTAL_STATES, SYSTEM_STATES } from '../../ui/state/listed.ts'
import { attack, type Console, OURS, openConsole, type Person, request, THEIRS } from './console.ts'

const DAY = 86_400_000
/** What is markup for the typesetter, for XML, for a spreadsheet, or turns a line around. */
const NASTY = '#panic("x") $a_1$ *b* ]] @c <d>&amp; \\u{0} "=1+1'
const SECRET = 'Bi-Mat-98765'
const PROVINCE = `province: { id: p, code: PP, name: Tỉnh Vĩnh Long, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, code: SYT, name: ${JSON.stringify(`Sở Y tế ${NASTY}`)}, kind: department }
  - { id: so-giao-duc-va-dao-tao, code: SGDDT, name: Sở Giáo dục của người khác, kind: department }
  - { id: im-lang, name: Xã Im Lặng, kind: commune }
systems:
  - id: he
    name: ${JSON.stringify(`Nền tảng ${NASTY}`)}
    owner: so-y-te
    levels: [{ level: 3, from: 2023-08-14 }]
    assessments: [{ date: 2026-01-01, by: Đoàn, findings: [{ text: Hở cổng, due: 2026-02-01 }] }]
  - { id: khong, name: Hệ của người khác, owner: so-giao-duc-va-dao-tao }
portals:
  - { id: a, domain: ${OURS.host}, name: A, organization: so-y-te, addresses: [203.0.113.10, "2001:db8::10"], trust: { granted: 2024-01-01 } }
  - { id: b, domain: ${THEIRS.host}, name: Cổng của người khác, organization: so-giao-duc-va-dao-tao, addresses: [203.0.113.10] }
  - { id: c, domain: cu.example, name: ${JSON.stringify(NASTY)}, organization: so-y-te, addresses: [203.0.113.11], trust: { granted: 2024-01-01, expires: 2026-10-01 } }
`

/** Members of a zip archive (APPNOTE 4.3: the central directory at the end). */
const unzip = (bytes: Buffer): Map<string, string> => {
  const out = new Map<string, string>()
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06'))
  let at = bytes.readUInt32LE(end + 16)
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const [method, size, name, extra, comment, local] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
      bytes.readUInt32LE(at + 42),
    ]
    const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const data = bytes.subarray(begin, begin + size)
    out.set(bytes.toString('utf8', at + 46, at + 46 + name), (method === 8 ? inflateRawSync(data) : data).toString())
    at += 46 + name + extra + comment
  }
  return out
}
const openPdf = (bytes: Buffer): Promise<PDFDocumentProxy> => getDocument({ data: new Uint8Array(bytes) }).promise
const pagesOf = async (pdf: PDFDocumentProxy): Promise<string[]> =>
  Promise.all(
    Array.from({ length: pdf.numPages }, async (_, i) =>
      (await (await pdf.getPage(i + 1)).getTextContent()).items
        .map((item) => ('str' in item ? item.str : ''))
        .join(' ')
        // Where a long word may break.
        .replaceAll('\u200b', '')
        .replaceAll(/\s+/g, ' '),
    ),
  )
const linksOf = async (pdf: PDFDocumentProxy): Promise<string[]> => {
  const out: string[] = []
  for (let i = 1; i <= pdf.numPages; i++)
    for (const { url } of await (await pdf.getPage(i)).getAnnotations()) if (url) out.push(url as string)
  return out
}
const squeezed = (text: string): string => text.replaceAll(/\s+/g, '')

/** `env`: which store. */
export const reportsHold = (env: NodeJS.ProcessEnv = {}): void => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-reports-'))
  let console_: Console
  let manager: Person
  let analyst: Person
  let viewer: Person
  let incident: IncidentRow
  let periods: ReportList['periods']
  /** The console's address, as links have it. */
  let base: string
  beforeAll(async () => {
    writeFileSync(join(folder, 'inventory.yml'), PROVINCE)
    console_ = await openConsole(
      `reports: { place: Vĩnh Long, signer: { name: Lê Hoàng Phúc }, recipients: [Như trên, "Lưu: VT"], schedule: { kinds: [month, year], agencies: true } }\n`,
      Date.now,
      { ...env, VONGLAU_INVENTORY: join(folder, 'inventory.yml') },
    )
    await console_.take(OURS.source, [
      ...[4, 11, 25, 40, 70].map((days) => request(OURS.host, '/', { ago: days * DAY })),
      attack(OURS.host, '/cu', { ago: 40 * DAY, ip: '198.51.100.1' }),
      attack(OURS.host, `/x?password=${SECRET}&${encodeURIComponent(NASTY)}`, { ip: '198.51.100.2' }).replace(
        '?id=',
        '&id=',
      ),
      'không phải một dòng nhật ký',
    ])
    await console_.take(THEIRS.source, [
      request(THEIRS.host, '/'),
      attack(THEIRS.host, '/y', { ip: '198.51.100.3' }),
      attack(THEIRS.host, '/z', { ago: 40 * DAY, ip: '198.51.100.4' }),
    ])
    base = publicAddress(console_.running.installation.config).url
    manager = await console_.person('manager')
    analyst = await console_.person('analyst')
    viewer = await console_.person('agency_viewer', [OURS.agency])
    const rows = (await analyst.get(`/incidents?organization=${OURS.agency}&sort=newest`)).body.items as IncidentRow[]
    incident = rows[0]!
    const { version } = (await analyst.get(`/incidents/${incident.id}`)).body as IncidentRow
    const changed = await analyst.post(`/incidents/${incident.id}`, { version, due: Date.now() - 3 * DAY, note: NASTY })
    expect(changed.status).toBe(200)
    await console_.running.installation.scribe.work()
    periods = ((await manager.get('/reports')).body as ReportList).periods
  })
  afterAll(async () => {
    await console_.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const periodOf = (kind: string, n = 0) => periods.filter((each) => each.kind === kind)[n]!
  const preview = async (asked: object, who = manager): Promise<ReportDocument> => {
    const { status, body, text } = await who.post('/reports/preview', asked)
    expect(status, text).toBe(200)
    return body
  }
  const make = async (asked: object, who: Person): Promise<ReportRow> => {
    const { status, body, text } = await who.post('/reports', asked)
    expect(status, text).toBe(200)
    return body
  }
  const download = async ({ id }: Pick<ReportRow, 'id'>, format: string, who: Person): Promise<Buffer> => {
    const answer = await fetch(`${console_.running.url}/api/reports/${id}/${format}`, {
      headers: { cookie: who.cookie },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="bao-cao-[A-Za-z0-9.-]+"$/)
    return Buffer.from(await answer.arrayBuffer())
  }
  /** As the console asks for the list at an address. */
  const listed = async (href: string, who: Person): Promise<number> => {
    const [path, q = ''] = href.split('?')
    const params = new URLSearchParams(q)
    const state = params.get('state') ?? ''
    const own = params.get('organization')
    const at = Number(params.get('at'))
    if (path === '/portals') {
      const { items } = (await who.get(`/portals?at=${at}`)).body as { items: PortalRow[] }
      return items.filter(
        (portal) =>
          PORTAL_STATES[state]!(portal, at) &&
          (!own || portal.agencies.includes(own)) &&
          (!params.get('ipv6') || portal.ipv6) &&
          (!params.get('trusted') || portal.trusted),
      ).length
    }
    if (path === '/systems') {
      const { items } = (await who.get(`/systems?at=${at}`)).body as { items: SystemRow[] }
      return items.filter(
        (system) =>
          (SYSTEM_STATES[state]?.(system, at) ?? true) &&
          (!own || system.owner.id === own || system.operator?.id === own),
      ).length
    }
    if (path === '/sources') {
      const { items } = (await who.get('/sources')).body as { items: SourceRow[] }
      return items.filter((source) => (!state || source.state === state) && (!own || source.agencies?.includes(own)))
        .length
    }
    if (params.get('status') === 'all') params.delete('status')
    const { status, body, text } = await who.get(`${path}?${params}`)
    expect(status, `${href} ${text}`).toBe(200)
    return body.total
  }
  /** Numbers that open no list of as many lines: a score, and one incident. */
  const NO_LIST = /^\/(managers|agencies\/|incidents\/)/

  test.each([
    ['month', 0, undefined],
    ['month', 1, undefined],
    ['month', 2, undefined],
    ['year', 0, undefined],
    ['quarter', 0, OURS.agency],
    ['month', 1, OURS.agency],
    ['month', 0, 'im-lang'],
  ] as const)(
    'each number of the report of a %s (%d back, %s) is the length of its list',
    async (kind, n, organization) => {
      const document = await preview({ kind, period: periodOf(kind, n).id, ...(organization ? { organization } : {}) })
      const known = new Map<string, Promise<number>>()
      const wrong: string[] = []
      const figures = figuresIn(document as never).filter(({ href }) => href !== undefined && !NO_LIST.test(href))
      for (const { text, value, href } of figures) {
        if (!known.has(href!)) known.set(href!, listed(href!, manager))
        const lines = await known.get(href!)!
        if (lines !== value) wrong.push(`${text} (${value}), but ${lines}: ${href}`)
      }
      expect(wrong).toEqual([])
      expect(figures.length).toBeGreaterThan(30)
      if (n === 0 && organization !== 'im-lang')
        expect(figures.filter(({ value }) => value! > 0).length).toBeGreaterThan(10)
      const texts = document.blocks.flatMap((block) =>
        block.kind === 'paragraph' ? block.runs.map(textOf).join('') : [],
      )
      if (organization === 'im-lang') expect(texts.join(' ')).toContain('Trong kỳ không ghi nhận cảnh báo')
      else if (n === 0) expect(texts.join(' ')).toContain(incident.number)
    },
  )
  test('scores are those of the pages', async () => {
    const document = await preview({ kind: 'month', period: periodOf('month').id })
    const view = (await manager.get('/risk')).body as RiskView
    const scores = figuresIn(document as never).filter(({ href }) => href?.startsWith('/agencies/'))
    expect(scores.map(({ href, value }) => [href, value])).toEqual(
      view.items.map(({ id, points }) => [`/agencies/${id}`, points]),
    )
    expect(figuresIn(document as never).find(({ href }) => href === '/managers')?.value).toBe(view.province!.points)
  })

  describe('files', () => {
    let row: ReportRow
    let pdf: PDFDocumentProxy
    let pages: string[]
    beforeAll(async () => {
      row = await make({ kind: 'month', period: periodOf('month').id }, manager)
      pdf = await openPdf(await download(row, 'pdf', manager))
      pages = await pagesOf(pdf)
    })
    test('the form of Nghị định 30/2020/NĐ-CP, in its order', () => {
      const text = pages.join('\n')
      let from = 0
      for (const part of [
        'UBND TỈNH VĨNH LONG',
        'SỞ KHOA HỌC VÀ CÔNG NGHỆ',
        'CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM',
        'Độc lập - Tự do - Hạnh phúc',
        'Số:',
        '/BC-SKHCN',
        'Vĩnh Long, ngày',
        'BÁO CÁO',
        'Kết quả giám sát an toàn thông tin mạng trên địa bàn tỉnh',
        'Kính gửi: Ủy ban nhân dân tỉnh Vĩnh Long.',
        'I. TÌNH HÌNH CHUNG',
        './.',
        'Nơi nhận:',
        'Lưu: VT.',
        'GIÁM ĐỐC',
        'Lê Hoàng Phúc',
      ]) {
        const at = text.indexOf(part, from)
        expect(at, `${part} after ${from} in ${text}`).toBeGreaterThanOrEqual(from)
        from = at
      }
      // The first page has no number, the others have theirs above all else.
      expect(pages[0]).not.toMatch(/^1 /)
      pages.slice(1).forEach((page, i) => void expect(page).toMatch(new RegExp(`^${i + 2} `)))
    })
    test('A4, tagged, its language said, fonts within, each figure a link', async () => {
      const first = await pdf.getPage(1)
      expect(first.view.map(Math.round)).toEqual([0, 0, 595, 842])
      expect((await pdf.getMarkInfo())?.Marked).toBe(true)
      const { info } = (await pdf.getMetadata()) as unknown as { info: { Language?: string; Title: string } }
      expect([info.Language, info.Title]).toEqual(['vi-VN', row.title])
      await first.getOperatorList()
      const { items, styles } = await first.getTextContent()
      expect(items.length).toBeGreaterThan(20)
      for (const name of Object.keys(styles)) {
        const font = first.commonObjs.get(name) as { name: string; missingFile?: boolean }
        expect(font.name).toMatch(/Tinos/)
        expect(font.missingFile ?? false).toBe(false)
      }
      const document = await preview({ kind: 'month', period: periodOf('month').id })
      const wanted = new Set(
        figuresIn(document as never).flatMap(({ href }) => (href ? [base + href.replace(/\?.*/, '')] : [])),
      )
      const found = new Set((await linksOf(pdf)).map((url) => url.replace(/\?.*/, '')))
      // What only the CSV has is no link of the page.
      expect([...found].filter((url) => !wanted.has(url))).toEqual([])
      expect(found.size).toBeGreaterThan(5)
    })
    test('DOCX and CSV say the same', async () => {
      const parts = unzip(await download(row, 'docx', manager))
      const text = parts.get('word/document.xml')!.replaceAll(/<[^>]+>/g, '')
      const said = squeezed(pages.join(''))
      for (const part of [
        'CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM',
        'Bảng 1. Cảnh báo và sự cố theo mức độ',
        incident.number,
      ]) {
        expect(squeezed(text)).toContain(squeezed(part))
        expect(said).toContain(squeezed(part))
      }
      const relations = parts.get('word/_rels/document.xml.rels')!
      expect(relations).toContain(`${base}/incidents?`)
      const csv = (await download(row, 'csv', manager)).toString()
      expect(csv).toMatch(/^\uFEFFBáo cáo/)
      // The silent agency stands in the file only.
      expect(csv.slice(csv.indexOf('Bảng 3'))).toContain('Xã Im Lặng,chưa rõ')
      expect(csv).not.toMatch(/(^|,)"?[=+@]/m)
    })
    test('what others write is text: names in PDF and DOCX as they are, secrets in none', async () => {
      const own = await make({ kind: 'month', period: periodOf('month').id, organization: OURS.agency }, viewer)
      const theirs = await make({ kind: 'incident', incident: incident.number }, analyst)
      for (const each of [own, theirs]) {
        const text = squeezed((await pagesOf(await openPdf(await download(each, 'pdf', analyst)))).join(''))
        const docx = unzip(await download(each, 'docx', analyst)).get('word/document.xml')!
        const csv = (await download(each, 'csv', analyst)).toString()
        expect(text).toContain(squeezed('#panic("x") $a_1$ *b* ]] @c <d>&amp;'))
        expect(docx).toContain('#panic(&quot;x&quot;) $a_1$ *b* ]] @c &lt;d&gt;&amp;amp;')
        for (const file of [text, docx, csv]) expect(file).not.toContain(SECRET)
      }
      const shown = JSON.stringify(await preview({ kind: 'incident', incident: incident.number }, analyst))
      expect(shown).not.toContain(SECRET)
      expect(shown).toContain('•••')
    })
  })

  test('an agency’s files hold nothing of another, whoever makes them', async () => {
    const asked = [
      { kind: 'month', period: periodOf('month').id, organization: OURS.agency },
      { kind: 'year', period: periodOf('year').id, organization: OURS.agency },
      { kind: 'incident', incident: incident.number },
    ]
    const foreign = [
      THEIRS.agency,
      THEIRS.host,
      THEIRS.path,
      'người khác',
      'SGDDT-',
      '198.51.100.3',
      'im-lang',
      'Im Lặng',
    ]
    const all = async (row: ReportRow) => {
      const pdf = await openPdf(await download(row, 'pdf', manager.username === row.by ? manager : analyst))
      const docx = unzip(await download(row, 'docx', analyst))
      const csv = (await download(row, 'csv', analyst)).toString()
      return [(await pagesOf(pdf)).join(' '), (await linksOf(pdf)).join(' '), ...docx.values(), csv].join('\n')
    }
    for (const each of asked) {
      const text = await all(await make(each, analyst))
      for (const word of foreign) expect(text.includes(word), `${word} in ${JSON.stringify(each)}`).toBe(false)
    }
    // The walk sees them where they are.
    const whole = await all(await make({ kind: 'month', period: periodOf('month').id }, analyst))
    for (const word of ['người khác', 'Im Lặng']) expect(whole.includes(word), word).toBe(true)
  })
  test('who may what', async () => {
    const month = { kind: 'month', period: periodOf('month').id }
    const refused = async (who: Person, asked: object) => {
      const { status, body } = await who.post('/reports', asked)
      return [status, body.error?.code]
    }
    expect(await refused(viewer, month)).toEqual([403, 'forbidden'])
    expect(await refused(viewer, { ...month, organization: THEIRS.agency })).toEqual([404, 'not_found'])
    expect(await refused(viewer, { ...month, organization: 'khong-co' })).toEqual([404, 'not_found'])
    expect(await refused(manager, { kind: 'incident', incident: incident.id })).toEqual([403, 'forbidden'])
    expect(await refused(analyst, { kind: 'incident', incident: 'XX-2026-001' })).toEqual([404, 'not_found'])
    expect(await refused(manager, { kind: 'month', period: '2026-13' })).toEqual([422, 'report'])
    expect(await refused(manager, { kind: 'month', period: '2098-01' })).toEqual([422, 'report'])
    expect((await manager.post('/reports', { ...month, agency: 'x' })).status).toBe(400)
    const evidence = await make({ kind: 'incident', incident: incident.id }, analyst)
    const foreign = await make({ ...month, organization: THEIRS.agency }, manager)
    expect((await manager.get(`/reports/${evidence.id}/pdf`)).status).toBe(403)
    expect((await viewer.get(`/reports/${foreign.id}/pdf`)).status).toBe(404)
    expect((await manager.get(`/reports/${foreign.id}/exe`)).status).toBe(404)
    const seen = (await viewer.get('/reports?limit=200')).body as ReportList
    expect(new Set(seen.items.map(({ organization }) => organization?.id))).toEqual(new Set([OURS.agency]))
    const auditor = await console_.person('auditor')
    await download(evidence, 'docx', auditor)
    await console_.running.installation.scribe.work()
    const trail = (await auditor.get('/audit')).body.items as { what: string }[]
    expect(trail.map(({ what }) => what)).toEqual(expect.arrayContaining(['report.make', 'report.download']))
  })
  test('what an incident says leaves the program by the hands alone that the table of permissions gives "export"', async () => {
    const asked = { kind: 'incident', incident: incident.id }
    const evidence = await make(asked, analyst)
    for (const role of ROLES) {
      const who = await console_.person(role, role === 'agency_viewer' ? [OURS.agency] : [])
      const expected = roleMay(role, 'export') ? 200 : 403
      expect((await who.get('/me')).body.can.export, role).toBe(expected === 200)
      expect((await who.post('/reports', asked)).status, role).toBe(expected)
      for (const format of FORMATS)
        expect((await who.get(`/reports/${evidence.id}/${format}`)).status, `${role} ${format}`).toBe(expected)
    }
    // Of another agency it is not even there, whatever the role.
    const theirs = await console_.person('analyst', [THEIRS.agency])
    expect((await theirs.post('/reports', asked)).status).toBe(404)
    for (const format of FORMATS) expect((await theirs.get(`/reports/${evidence.id}/${format}`)).status).toBe(404)
  })
  test('by the calendar: once each, kept as it was, forgotten when it is old', async () => {
    const { installation } = console_.running
    const made = await makeDue(installation)
    expect(made).toHaveLength(2 * 4)
    expect(await makeDue(installation)).toEqual([])
    const kept = (await manager.get('/reports?limit=200')).body as ReportList
    const mine = kept.items.filter(({ scheduled }) => scheduled)
    expect(mine).toHaveLength(8)
    const before = await download(mine[0]!, 'pdf', manager)
    expect((await download(mine[0]!, 'pdf', manager)).equals(before)).toBe(true)
    const reports = reportsIn(installation.store.documents)
    const { doc } = (await reports.get(SYSTEM, mine[0]!.id))!
    await reports.put([{ id: mine[0]!.id, doc: { ...doc, 'report.at': Date.now() - 4000 * DAY }, version: 'any' }])
    expect(await forgetOld(installation)).toBe(1)
    expect(((await manager.get('/reports')).body as ReportList).total).toBe(kept.total - 1)
  })
  test('an alert of the incident is in its report', async () => {
    const document = await preview({ kind: 'incident', incident: incident.number }, viewer)
    const alerts = (await viewer.get(`/incidents/${incident.id}`)).body.alert_rows as AlertRow[]
    const table = document.blocks.find((block) => block.kind === 'table' && block.caption.startsWith('Bảng 3'))
    expect(table).toMatchObject({ rows: { length: alerts.length } })
  })
}
