/** What a reload has changed: rules, inventory, sources; and what of the configuration waits for a restart. */
import type { Difference } from '../ingest/inventory/merge.ts'
import type { Source } from '../ingest/source.ts'
import type { Config } from './config.ts'
import { type Changes, changesText } from './rulebook.ts'

export interface SourcesDifference {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly ended: readonly string[]
}
export interface Reloaded {
  readonly rules: Changes
  readonly inventory: Difference
  readonly sources: SourcesDifference
  /** Keys of the configuration that say something else now, and are read at a start only. */
  readonly waiting: readonly string[]
}

export const sourcesDifference = (before: readonly Source[], next: readonly Source[]): SourcesDifference => {
  const was = new Map(before.map((source) => [source.id, JSON.stringify(source)]))
  const is = new Map(next.map((source) => [source.id, JSON.stringify(source)]))
  return {
    added: [...is.keys()].filter((id) => !was.has(id)),
    changed: [...is].filter(([id, text]) => was.has(id) && was.get(id) !== text).map(([id]) => id),
    ended: [...was.keys()].filter((id) => !is.has(id)),
  }
}

/** `inventory` and `rules` are paths: another one is another folder, which a start reads. */
export const needRestart = (before: Config, next: Config): string[] =>
  Object.keys({ ...before, ...next }).filter(
    (key) =>
      key !== 'sources' &&
      key !== 'entries' &&
      key !== 'described' &&
      JSON.stringify(before[key as keyof Config]) !== JSON.stringify(next[key as keyof Config]),
  )

const MOST_NAMED = 8
const named = (what: string, ids: readonly string[]): string[] =>
  ids.length === 0
    ? []
    : [
        `${what}: ${ids.slice(0, MOST_NAMED).join(', ')}${ids.length > MOST_NAMED ? ` and ${ids.length - MOST_NAMED} more` : ''}`,
      ]

/** In sentences, for whoever asked and for the trail. */
export const reloadedText = ({ rules, inventory, sources, waiting }: Reloaded): string => {
  const parts = [
    ...named('new', inventory.added),
    ...named('changed', [...inventory.changed, ...inventory.parts]),
    ...named('ended', inventory.ended),
  ]
  const ofSources = [
    ...named('new', sources.added),
    ...named('changed', sources.changed),
    ...named('no longer read', sources.ended),
  ]
  return [
    changesText(rules),
    ...(parts.length > 0 ? [`inventory: ${parts.join('; ')}`] : []),
    ...(ofSources.length > 0 ? [`sources: ${ofSources.join('; ')}`] : []),
    ...(waiting.length > 0
      ? [`${waiting.join(', ')} of the configuration changed too: that is read at the next start`]
      : []),
  ].join('. ')
}
