/** Words of a source's versions. Vietnamese is the measure: English has the same keys. */
import { i18n } from './index.svelte.ts'
import { type RuleTextWords, ruleTextWords } from './rule-texts.ts'

const vi = {
  title: (id: string) => `Các bản khai báo của nguồn ${id}`,
  what: 'Mỗi lần khai báo đổi là một bản, có người sửa và lý do. Token chỉ được lưu và hiện dưới dạng mã băm (sha256).',
  ended: 'tệp không còn khai báo nguồn này',
  waitingHint: (path: string) => `${path} đã đổi, nhưng nguồn này đã có người sửa: chọn một trong hai.`,
  edit: 'Sửa khai báo',
  text: 'Khai báo (YAML, như một mục của "sources:" trong vonglau.yml)',
  end: 'Thôi đọc nguồn này',
  open: 'Các bản',
  waits: 'tệp nói khác',
  endedOnes: 'Nguồn đã thôi đọc:',
}
type Words = typeof vi
const en: Words = {
  title: (id) => `Versions of the source ${id}`,
  what: 'Each change of its entry is a version, with author and reason. A token is kept and shown as its hash (sha256) only.',
  ended: 'the file names this source no longer',
  waitingHint: (path) => `${path} has changed, but somebody has changed this source: choose one of the two.`,
  edit: 'Change the entry',
  text: 'Entry (YAML, as under "sources:" in vonglau.yml)',
  end: 'Read this source no longer',
  open: 'Versions',
  waits: 'a file says otherwise',
  endedOnes: 'Read no longer:',
}

const own = (): Words => (i18n.language === 'en' ? en : vi)
/** In the language that this person chose. */
export const sourceTextWords = (id: string): RuleTextWords => {
  const { title, what, ended, waitingHint, edit, text, end } = own()
  return { ...ruleTextWords(), title: title(id), what, ended, waitingHint, edit, text, end }
}
export const sourceListWords = (): Pick<Words, 'open' | 'waits' | 'endedOnes'> => own()
