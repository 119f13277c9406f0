import type { Language, Localized } from '../../api/contract.ts'
import { en } from './en.ts'
import { inVietnamese } from './problems.ts'
import { vi, type Words } from './vi.ts'

const KEY = 'vonglau.language'
/** What this person chose, else what the installation says: the server writes it into the page. */
const first = localStorage.getItem(KEY) ?? document.documentElement.lang
const state = $state({ language: (first === 'en' ? 'en' : 'vi') as Language })
document.documentElement.lang = state.language

export const i18n = {
  get language(): Language {
    return state.language
  },
  get t(): Words {
    return state.language === 'en' ? en : vi
  },
}
export const setLanguage = (language: Language) => {
  state.language = language
  localStorage.setItem(KEY, language)
  document.documentElement.lang = language
}
/** What the server says in English of itself, in the language of this person where it is known. */
export const told = (sentence: string): string =>
  state.language === 'vi' ? (inVietnamese(sentence) ?? sentence) : sentence
/** What is wrong with the installation; who does not run it is told its kind only. */
export const problemText = ({ code, message }: { code: string; message: string }): string => {
  if (message) return told(message)
  const { problemKinds } = i18n.t.admin
  const kind = Object.keys(problemKinds).find((each) => code === each || code.startsWith(`${each}-`))
  return problemKinds[kind ?? 'other']!
}
/** A text that the server holds in both languages; a name is the same in both. */
export const local = (text: Localized | string | undefined): string =>
  typeof text === 'object' ? text[state.language] || text.vi || text.en : (text ?? '')
