/** The rules of an installation as they are now: read at the start, and again when somebody asks for it. */
import { counted } from '../ingest/counted.ts'
import type { Judging } from '../ingest/judge.ts'
import { LOGSOURCES } from '../ingest/parsers/index.ts'
import type { Placeholders } from '../ingest/inventory/placeholders.ts'
import type { Store } from '../ingest/store/store.ts'
import { startRules } from '../rules/ledger.ts'
import { type Held, holdRules } from '../rules/load.ts'
import type { Rule } from '../rules/rule.ts'
import { namesPlaceholders } from '../rules/sigma/placeholders.ts'
import { judgingOf, keepRuleset, labelOf } from '../rules/ruleset.ts'

export interface Changes {
  readonly rules: number
  readonly added: readonly string[]
  /** Those that meet other events now; what else a rule says has changed too, but needs no telling. */
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

export interface Rulebook {
  rules(): readonly Rule[]
  /** All of them, as ingest judges by them. */
  judging(): Judging
  /** Reads the folder of rules again; throws with what is wrong in it. `placeholders`: of the inventory that holds then. */
  read(placeholders: Placeholders): Held
  /** Those in force, as they were read, where a rule says otherwise when the inventory does; undefined where none does. */
  again(placeholders: Placeholders): Held | undefined
  /**
   * Takes over what was read. `change`: what came until then is judged by the rules of before, what comes by the new ones;
   * `judge`: ingest takes them over.
   */
  take(
    next: Held,
    change: (work: () => Promise<void>) => Promise<void>,
    judge: (judging: Judging) => Promise<void>,
  ): Promise<Changes>
}

export const openRulebook = async (folder: string | undefined, store: Store, first: Held): Promise<Rulebook> => {
  let held = first
  let { rules } = first
  let judging = judgingOf(rules)
  await keepRuleset(store.documents, judging)
  await startRules(store, rules)
  return {
    rules: () => rules,
    judging: () => judging,
    read: (placeholders) => holdRules(folder, LOGSOURCES, placeholders),
    again: (placeholders) => (rules.some(({ yaml }) => namesPlaceholders(yaml)) ? held.again(placeholders) : undefined),
    take: async (taken, change, judge) => {
      const next = taken.rules
      const judges = judgingOf(next)
      await keepRuleset(store.documents, judges)
      const before = new Map(rules.map((rule) => [rule.id, labelOf(rule)]))
      const now = new Map(next.map((rule) => [rule.id, labelOf(rule)]))
      await change(async () => {
        await startRules(store, next)
        held = taken
        rules = next
        judging = judges
      })
      await judge(judges)
      return {
        rules: next.length,
        added: [...now.keys()].filter((id) => !before.has(id)),
        changed: [...now].filter(([id, label]) => before.has(id) && before.get(id) !== label).map(([id]) => id),
        removed: [...before.keys()].filter((id) => !now.has(id)),
      }
    },
  }
}

/**
 * Has rules that name the inventory say what it says now: called when it has changed, and with each day, for what is in force
 * changes with it. What stands in their files meanwhile waits until somebody asks for it.
 */
export const followInventory =
  (
    book: Rulebook,
    words: () => Placeholders,
    take: (next: Held) => Promise<Changes>,
    problems: Map<string, string>,
  ): (() => Promise<void>) =>
  async () => {
    try {
      const next = book.again(words())
      if (next) await take(next)
      problems.delete('placeholders')
    } catch (error) {
      const { message } = error as Error
      problems.set('placeholders', `rules still name the inventory as it was: ${message.split('\n')[0]}`)
    }
  }

/** In a sentence. */
export const changesText = ({ rules, added, changed, removed }: Changes): string => {
  const said = (what: string, ids: readonly string[]) => (ids.length > 0 ? [`${what}: ${ids.join(', ')}`] : [])
  const parts = [...said('new', added), ...said('changed', changed), ...said('gone', removed)]
  return `${counted(rules, 'rule', 'rules')} in force${parts.length > 0 ? `; ${parts.join('; ')}` : ', none of them new or changed'}`
}
