/** Rules that remember what was there: of what was never seen, and of what does not come any more. */
import { HEALTH_DATASET } from '../../ingest/event.ts'
import { and, eq, type Filter, not } from '../../ingest/store/filter.ts'
import { HOUR, type NewTerms, type Rule, type Silent } from '../rule.ts'
import { durationOf } from './correlation.ts'
import { quoted, Wrong } from './error.ts'
import type { Mapping } from './mapping.ts'
import type { SigmaRule } from './parse.ts'

/** A name as the one field that it means. */
type One = (words: Mapping, name: string) => string

const DAY = 24 * HOUR
/** The store is asked for all that is remembered. */
const LONGEST = 366 * DAY
const timeOf = ({ located }: SigmaRule, path: readonly string[], text: string): number =>
  located.at(['vonglau', ...path], () => {
    const ms = durationOf(text)
    if (ms > LONGEST) throw new Wrong(`${quoted(text)} is too long: 366d at most`)
    return ms
  })

export const newTermsOf = (document: SigmaRule, words: Mapping, one: One): NewTerms | undefined => {
  const { located, vonglau } = document
  const said = vonglau?.['new-terms']
  if (!said) return undefined
  const fields = said.fields.map((name, i) => located.at(['vonglau', 'new-terms', 'fields', i], () => one(words, name)))
  const within = timeOf(document, ['new-terms', 'within'], said.within)
  const { learn } = said
  const learning =
    learn === undefined ? within : /^0[smhd]$/.test(learn) ? 0 : timeOf(document, ['new-terms', 'learn'], learn)
  return { fields, within, learn: learning }
}

/** Such a value is not expected any more. */
const REMEMBERED = 30 * DAY
/** What is silent is one alert until it is heard. */
const FOR_EVER = 365 * DAY
export const SILENCE_DATASET = 'vonglau.silence'
/** What the program says itself of a source is no line of it. */
const OWN = eq('event.dataset', SILENCE_DATASET, HEALTH_DATASET)
const ALONE = ['new-terms', 'ends-with', 'suppress', 'group-by', 'quiet'] as const

export const silentOf = (
  document: SigmaRule,
  filter: Filter,
  words: Mapping,
  one: One,
): (Pick<Rule, 'filter' | 'endsWith' | 'groupBy' | 'quiet'> & { readonly silent: Silent }) | undefined => {
  const { located, vonglau } = document
  const said = vonglau?.silent
  if (!said) return undefined
  for (const key of ALONE)
    if (vonglau[key] !== undefined)
      located.at(['vonglau', key], () => {
        throw new Wrong(`what is silent is one alert until it is heard: leave ${key} or silent out`)
      })
  const by = (said.by ?? []).map((name, i) => located.at(['vonglau', 'silent', 'by', i], () => one(words, name)))
  const after = timeOf(document, ['silent', 'for'], said.for)
  const remember =
    said.remember === undefined
      ? Math.min(LONGEST, Math.max(REMEMBERED, 3 * after))
      : timeOf(document, ['silent', 'remember'], said.remember)
  if (remember <= after)
    located.at(['vonglau', 'silent', 'remember'], () => {
      throw new Wrong(
        `what is forgotten after ${quoted(said.remember)} is never missed: expected more than ${said.for}`,
      )
    })
  const id = document.id ?? located.file.replace(/^.*\//, '').replace(/\.ya?ml$/, '')
  const state = (is: string): Filter =>
    and(eq('event.dataset', SILENCE_DATASET), eq('vonglau.silence.rule', id), eq('vonglau.silence.state', is))
  return {
    silent: { filter: and(not(OWN), filter), by, for: after, remember },
    filter: state('silent'),
    endsWith: state('heard'),
    groupBy: by.length > 0 ? by : ['vonglau.silence.rule'],
    quiet: FOR_EVER,
  }
}
