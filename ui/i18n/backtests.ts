/** Words of backtests, which come with the rule's page. Vietnamese is the measure: English has the same keys. */
import { i18n } from './index.svelte.ts'

const vi = {
  title: 'Thử trên dữ liệu cũ',
  what: 'Luật này, với các ngoại lệ hiện có, sẽ bắt được gì trong nhật ký đã lưu.',
  range: 'Khoảng thời gian',
  days: (n: string) => `${n} ngày qua`,
  all: 'toàn bộ nhật ký',
  draft: 'Thử bản sửa (YAML)',
  start: 'Bắt đầu thử',
  cancel: 'Huỷ',
  running: (percent: string) => `đã xét ${percent}`,
  reached: (at: string) => `tới ${at}`,
  sum: (hits: string, alerts: string, events: string, took: string) =>
    `${hits} sự kiện khớp, thành ${alerts} cảnh báo, trong ${events} sự kiện (${took})`,
  hidden: (n: string) => `Ngoại lệ đang ẩn ${n} sự kiện.`,
  nothing: 'Không có sự kiện nào khớp.',
  hits: 'Khớp',
  alerts: 'Cảnh báo',
  agency: 'Cơ quan',
  nobody: 'Chưa rõ cơ quan',
  examples: 'Ví dụ',
  failed: 'Không thử được',
  cancelled: 'Đã huỷ.',
  missing: (day: string) => `Không đọc được dữ liệu ngày ${day}.`,
}
export type BacktestWords = typeof vi

const en: BacktestWords = {
  title: 'Backtest',
  what: 'What this rule, with the exceptions of now, would have found in what is stored.',
  range: 'Time',
  days: (n) => `last ${n} days`,
  all: 'all that is stored',
  draft: 'Try a changed text (YAML)',
  start: 'Begin',
  cancel: 'Cancel',
  running: (percent) => `${percent} looked at`,
  reached: (at) => `until ${at}`,
  sum: (hits, alerts, events, took) => `${hits} events met, ${alerts} alerts, in ${events} events (${took})`,
  hidden: (n) => `Exceptions hide ${n} events.`,
  nothing: 'No event is met.',
  hits: 'Met',
  alerts: 'Alerts',
  agency: 'Agency',
  nobody: 'Nobody known',
  examples: 'Examples',
  failed: 'It could not be tried',
  cancelled: 'Cancelled.',
  missing: (day) => `The events of ${day} cannot be read.`,
}

/** In the language that this person chose. */
export const backtestWords = (): BacktestWords => (i18n.language === 'en' ? en : vi)
