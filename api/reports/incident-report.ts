/** The report of one incident: what it was, how it went, what was done. Pure; what logs say in it is masked before. */
import type { AlertRow, IncidentDetail } from '../contract.ts'
import type { ReportDocument, Row, Run, Table } from './content.ts'
import { frameOf } from './frame.ts'
import type { Links } from './links.ts'
import { cell, heading, paragraph } from './sections.ts'
import type { ReportSettings } from './settings.ts'
import { count, duration, LEVEL, momentText, number, plain, timeText } from './vietnamese.ts'

export interface IncidentFacts {
  readonly made: number
  readonly shift: number
  readonly province: string
  readonly detail: IncidentDetail
  readonly closed?: number | undefined
}

/** Rows on paper; all are in the CSV. */
const SHOWN = 30
const NONE = '–'
const STATUS = { new: 'chưa có người nhận', in_progress: 'đang xử lý', closed: 'đã đóng' } as const
const REASON: { readonly [reason: string]: string } = {
  true_positive: 'đúng là sự cố, đã xử lý',
  benign: 'hoạt động hợp lệ',
  false_positive: 'báo nhầm',
  duplicate: 'trùng sự cố khác',
  resolved: 'tự hết',
}
const ACTIVITY: { readonly [what: string]: string } = {
  created: 'Mở sự cố',
  status: 'Đổi trạng thái',
  assigned: 'Giao xử lý',
  note: 'Ghi chú',
  level: 'Đổi mức độ',
  joined: 'Thêm cảnh báo',
  left: 'Bớt cảnh báo',
  title: 'Đổi tên',
  reopened: 'Mở lại',
  agency: 'Đổi cơ quan',
  merged: 'Gộp sự cố',
  split: 'Tách sự cố',
  absorbed: 'Nhập cảnh báo',
  deadline: 'Đổi hạn xử lý',
  held: 'Giữ sự kiện làm bằng chứng',
  released: 'Thôi giữ sự kiện',
  task: 'Việc cần làm',
}
const WORD: { readonly [word: string]: string } = { ...STATUS, ...LEVEL, system: 'hệ thống' }
const worded = (text: string | undefined): string => (text === undefined ? '' : (WORD[text] ?? plain(text)))

const table = (
  caption: string,
  titles: readonly string[],
  widths: readonly number[],
  rows: readonly Row[],
  note?: string,
): Table => ({
  kind: 'table',
  caption,
  head: titles.map((title) => ({ title })),
  align: titles.map((title) => (title.startsWith('Số ') ? 'right' : 'left')),
  widths,
  rows: rows.slice(0, SHOWN),
  ...(rows.length > SHOWN ? { rest: rows.slice(SHOWN) } : {}),
  ...(rows.length > SHOWN
    ? { note: `${note ? `${note} ` : ''}Còn ${number(rows.length - SHOWN)} dòng trong tệp CSV kèm theo.` }
    : note
      ? { note }
      : {}),
})

export const incidentReport = (facts: IncidentFacts, settings: ReportSettings, links: Links): ReportDocument => {
  const { detail, shift, made, closed } = facts
  const at = (time: number): string => timeText(time, shift)
  const issuer = settings.issuer.name
  const where = detail.organization ? plain(detail.organization.name) : undefined
  const alerts = detail.alert_rows
  const about: [string, Run][] = [
    ['Tên sự cố', plain(detail.title.vi)],
    ['Số sự cố', { text: detail.number, href: links.incident(detail.id) }],
    ['Mức độ', LEVEL[detail.level]],
    ['Cơ quan, đơn vị', where ?? 'chưa xác định'],
    ['Hệ thống thông tin', detail.system ? plain(detail.system.name) : NONE],
    ['Cổng, trang thông tin điện tử', detail.portals.map(({ domain }) => plain(domain)).join('; ') || NONE],
    ['Sự kiện đầu tiên', at(detail.first)],
    ['Sự kiện cuối cùng', at(detail.last)],
    ['Mở sự cố', at(detail.created)],
    ['Hạn xử lý', `${at(detail.due)}${detail.overdue ? ' (quá hạn)' : ''}`],
    ['Người xử lý', detail.assignee ? plain(detail.assignee) : 'chưa giao'],
    ['Trạng thái', `${STATUS[detail.status]}${detail.reason ? `: ${REASON[detail.reason] ?? detail.reason}` : ''}`],
    ['Số cảnh báo', cell(detail.alerts, links.incident(detail.id))],
    ['Số sự kiện', cell(detail.events)],
  ]
  const timeline = detail.timeline
    .flatMap((entry): { at: number; row: Row }[] => {
      if (entry.kind === 'event') return []
      if (entry.kind === 'alert')
        return [{ at: entry.at, row: { cells: [at(entry.at), 'Cảnh báo', plain(entry.alert.rule.name.vi), NONE] } }]
      const { what, by, from, to, text } = entry.activity
      const change = to === undefined ? '' : `${from === undefined ? '' : `${worded(from)} → `}${worded(to)}`
      const said = [change, text === undefined ? '' : plain(text)].filter(Boolean).join(': ')
      return [{ at: entry.at, row: { cells: [at(entry.at), ACTIVITY[what] ?? what, said || NONE, worded(by)] } }]
    })
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row)
  const done = detail.tasks.filter((task) => task.done)
  const left = detail.tasks.filter((task) => !task.done)
  return frameOf(settings, facts, {
    title: `Báo cáo sự cố an toàn thông tin mạng số ${detail.number}`,
    subject: ['Kết quả xử lý sự cố an toàn thông tin mạng', `số ${detail.number}`],
    to: where ?? settings.to ?? 'cơ quan, đơn vị liên quan',
    blocks: [
      paragraph(
        `Qua giám sát an toàn thông tin mạng, ${issuer} báo cáo sự cố số ${detail.number}${where ? ` tại ${where}` : ''} (số liệu đến ${momentText(made, shift)}) như sau:`,
      ),
      heading(1, 'I. THÔNG TIN SỰ CỐ'),
      table(
        'Bảng 1. Thông tin sự cố',
        ['Nội dung', 'Chi tiết'],
        [55, 110],
        about.map((cells) => ({ cells })),
      ),
      heading(1, 'II. DIỄN BIẾN VÀ XỬ LÝ'),
      ...(timeline.length > 0
        ? [table('Bảng 2. Diễn biến', ['Thời điểm', 'Việc', 'Nội dung', 'Người làm'], [34, 30, 74, 27], timeline)]
        : [paragraph('Chưa có việc nào được ghi nhận.')]),
      heading(1, 'III. CẢNH BÁO VÀ DẤU HIỆU'),
      table(
        'Bảng 3. Cảnh báo',
        ['Quy tắc', 'Mức độ', 'Từ – đến', 'Nguồn', 'Đối tượng', 'Số sự kiện'],
        [33, 18, 26, 34, 45, 16],
        alerts.map((alert) => alertRow(alert, at)),
        `${detail.alerts > alerts.length ? `Ghi ${number(alerts.length)} cảnh báo gần nhất trong tổng số ${number(detail.alerts)}. ` : ''}Mật khẩu, mã phiên và số định danh của người dân trong địa chỉ được che.`,
      ),
      table(
        'Bảng 4. Dấu hiệu nhận biết',
        ['Trường', 'Giá trị', 'Số sự kiện'],
        [45, 95, 25],
        detail.entities.map(({ field, value, count: n }) => ({ cells: [field, plain(value, 200), cell(n)] })),
      ),
      heading(1, 'IV. KẾT QUẢ VÀ KIẾN NGHỊ'),
      paragraph(
        closed === undefined
          ? `1. Sự cố ${STATUS[detail.status]}, đã mở được ${duration(made - detail.created)}.`
          : `1. Sự cố đã đóng lúc ${momentText(closed, shift)}, sau ${duration(closed - detail.created)}${detail.reason ? `; kết luận: ${REASON[detail.reason] ?? detail.reason}` : ''}.`,
      ),
      paragraph(
        detail.tasks.length === 0
          ? '2. Không có việc khắc phục riêng được ghi nhận.'
          : `2. Đã làm ${count(done.length)} việc${done.length ? `: ${done.map(({ text }) => plain(text, 120)).join('; ')}` : ''}. Còn ${count(left.length)} việc${left.length ? `: ${left.map(({ text }) => plain(text, 120)).join('; ')}` : ''}.`,
      ),
      paragraph(
        `Trên đây là báo cáo sự cố an toàn thông tin mạng số ${detail.number}, ${issuer} gửi ${where ?? 'cơ quan, đơn vị liên quan'} để biết, phối hợp thực hiện./.`,
      ),
    ],
  })
}

const alertRow = (
  { rule, first, last, source, url, portal, destination, user, count: n }: AlertRow,
  at: (t: number) => string,
): Row => ({
  cells: [
    plain(rule.name.vi),
    LEVEL[rule.level],
    `${at(first)} – ${at(last)}`,
    plain(source?.ip ?? source?.prefix ?? NONE, 60),
    plain(url?.decoded ?? url?.original ?? portal?.domain ?? destination?.ip ?? user ?? NONE, 160),
    cell(n),
  ],
})
