/**
 * Texts of rules and their versions on a real store: a file is an input, the newest version is the truth, what a person changes
 * is written back where it can be, and of two at once the second is refused.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openRulebook, type Rulebook } from '../../api/rulebook.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { CATALOG, type Held, holdRules, readDraft } from '../../rules/load.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { type Head, textAt, textHistory } from '../../rules/texts.ts'
import type { Place } from './stores.ts'

const rule = (path: string) =>
  `title: Của tỉnh\nid: cua-tinh\nlevel: high\ndetection: { s: { url.path: ${path} }, condition: s }\n`
const CATALOG_RULE = readFileSync(join(CATALOG, 'portal', 'sql-injection.yml'), 'utf8')

export const textsSuite = (name: string, open: () => Place): void => {
  test(`${name}: texts of rules and their versions`, { timeout: 240_000 }, async () => {
    const place = open()
    const folder = mkdtempSync(join(tmpdir(), 'texts-'))
    const store = await place.open()
    const folderOf = (node: string) => join(folder, node)
    const file = (node: string, of = 'cua-tinh') => join(folderOf(node), `${of}.yml`)
    let now = Date.UTC(2026, 10, 1)
    const book = (node: string) =>
      openRulebook(folderOf(node), store, holdRules(folderOf(node), LOGSOURCES), { node, clock: () => (now += 1000) })
    const take = async (of: Rulebook, next: Held) => {
      await of.take(
        next,
        (work) => work(),
        async () => {},
      )
    }
    const reload = async (of: Rulebook, node: string) => take(of, await of.bring(holdRules(folderOf(node), LOGSOURCES)))
    const follow = async (of: Rulebook) => {
      const next = await of.follow()
      if (next) await take(of, next)
    }
    const change = async (of: Rulebook, id: string, text: string, seen: number, by = 'an') => {
      const done = await of.change(id, { text, seen, by, reason: 'công văn 214' })
      await take(of, done.held)
      return done
    }
    const inForce = (of: Rulebook, id = 'cua-tinh') => {
      const found = of.rules().find((each) => each.id === id)
      return found && [found.text?.n, /url\.path: (\S+) /.exec(found.yaml)?.[1]]
    }
    const history = async (of: Rulebook, id = 'cua-tinh') =>
      (await textHistory(store.documents, of.text(id)!.head)).map(({ n, by, ended }) => [
        n,
        by ?? 'tệp',
        ...(ended ? ['hết'] : []),
      ])
    try {
      for (const node of ['one', 'two']) {
        mkdirSync(folderOf(node))
        writeFileSync(file(node), rule('/a'))
      }
      const one = await book('one')
      const two = await book('two')
      // What both files say alike is one version, of the catalog's rules too.
      expect([inForce(one), inForce(two), await history(one)]).toEqual([[1, '/a'], [1, '/a'], [[1, 'tệp']]])
      expect(one.rules().every(({ text }) => text?.n === 1)).toBe(true)

      // A file's change is a version; the other process follows it, and its own file of before is no news.
      writeFileSync(file('one'), rule('/b'))
      await reload(one, 'one')
      await follow(two)
      await reload(two, 'two')
      expect([inForce(one), inForce(two)]).toEqual([
        [2, '/b'],
        [2, '/b'],
      ])

      // A person's change is checked, is a version with author and reason, and stands in the file.
      await expect(change(one, 'cua-tinh', rule('/c').replace('high', 'hihg'), 2)).rejects.toThrow(
        /cua-tinh\.yml:3:1: level is "hihg", expected one of .*; the nearest is high/,
      )
      await expect(change(one, 'cua-tinh', rule('/c').replace('cua-tinh', 'khac'), 2)).rejects.toThrow(
        'the rule cua-tinh is not in this text any more',
      )
      const done = await change(one, 'cua-tinh', rule('/c'), 2)
      expect([done.n, done.file]).toEqual([3, { path: file('one') }])
      expect(readFileSync(file('one'), 'utf8')).toBe(rule('/c'))
      await reload(one, 'one')
      // Two at once: the second is told.
      await expect(change(two, 'cua-tinh', rule('/d'), 2, 'bình')).rejects.toThrow(
        'cua-tinh was changed by somebody else since you looked at it (version 3 now): look again, then change it',
      )
      const both = await Promise.allSettled([
        change(one, 'cua-tinh', rule('/d'), 3),
        change(two, 'cua-tinh', rule('/e'), 3, 'bình'),
      ])
      expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      await Promise.all([follow(one), follow(two)])
      expect(inForce(one)).toEqual(inForce(two))
      expect((await history(one)).map(([n]) => n)).toEqual([4, 3, 2, 1])
      expect((await textAt(store.documents, one.text('cua-tinh')!.head, 2))!.text).toBe(rule('/b'))

      // The file of a node where the person's change never came says otherwise: it waits, and a person chooses.
      writeFileSync(file('two'), rule('/f'))
      await change(one, 'cua-tinh', rule('/g'), 4)
      await reload(two, 'two')
      expect(inForce(two)).toEqual([5, '/g'])
      expect(two.text('cua-tinh')!.head.waiting).toEqual([{ node: 'two', path: file('two'), text: rule('/f') }])
      const taken = await two.settle('cua-tinh', 'file', { seen: 5, by: 'bình', reason: 'đúng hơn' })
      await take(two, taken.held)
      expect([inForce(two), two.text('cua-tinh')!.head.waiting]).toEqual([[6, '/f'], []])

      // A rule of the catalog is copied under its id, wins, stays in its group, and shows what the program says.
      const changed = await change(one, 'sql-injection', `${CATALOG_RULE}# của tỉnh\n`, 1)
      expect([changed.file, existsSync(file('one', 'sql-injection'))]).toEqual([
        { path: file('one', 'sql-injection') },
        true,
      ])
      await reload(one, 'one')
      const known = one.text('sql-injection')!
      expect([known.catalog, known.head.n]).toEqual([{ text: CATALOG_RULE, changed: false }, 2])
      const [mine] = one.rules().filter(({ id }) => id === 'sql-injection')
      expect([mine!.file, mine!.yaml.endsWith('# của tỉnh\n')]).toEqual([
        'rules/catalog/portal/sql-injection.yml',
        true,
      ])
      expect(existsSync(join(folderOf('one'), 'sql-injection.events.ndjson'))).toBe(true)
      // After an upgrade the program says otherwise than it did.
      const heads = store.documents.collection<Head>('rule_texts')
      const { doc, version } = (await heads.get(SYSTEM, 'sql-injection'))!
      await heads.put([{ id: 'sql-injection', version, doc: { ...doc, catalog: 'khác' } }])
      await reload(one, 'one')
      expect(one.text('sql-injection')!.catalog).toEqual({ text: CATALOG_RULE, changed: true })
      // Where the copy goes, the catalog's is in force again.
      rmSync(file('one', 'sql-injection'))
      await reload(one, 'one')
      expect(await history(one, 'sql-injection')).toEqual([
        [3, 'tệp'],
        [2, 'an'],
        [1, 'tệp'],
      ])

      // What cannot be written holds all the same, and the sentence says what to do.
      chmodSync(folderOf('two'), 0o500)
      const kept = await change(two, 'sql-injection', `${CATALOG_RULE}# không ghi được\n`, 3)
      if (process.getuid?.() !== 0) expect(kept.file.why).toContain('is read only here: copy the change there')
      chmodSync(folderOf('two'), 0o700)

      // What vanishes is ended, and what comes back is in force again.
      await follow(one)
      rmSync(file('two'))
      await reload(two, 'two')
      expect([inForce(two), (await history(two))[0]]).toEqual([undefined, [7, 'tệp', 'hết']])
      writeFileSync(file('two'), rule('/f'))
      await reload(two, 'two')
      expect(inForce(two)).toEqual([8, '/f'])

      // A person's new rule: version 1, the other process follows it without a file, of two at once the second is told.
      await follow(one)
      const fresh = (path: string, id = 'moi-viet') => rule(path).replace('cua-tinh', id)
      const add = async (of: Rulebook, text: string, by = 'an') => {
        const added = await of.add({ text, by, reason: 'công văn 300' })
        await take(of, added.held)
        return added
      }
      const races = await Promise.allSettled([add(one, fresh('/m')), add(two, fresh('/n'), 'bình')])
      expect(races.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(races.flatMap((race) => (race.status === 'rejected' ? [String(race.reason.message)] : []))).toEqual([
        'There is a rule moi-viet already: choose another id, or change that rule on its page.',
      ])
      await Promise.all([follow(one), follow(two)])
      expect(inForce(one, 'moi-viet')).toEqual(inForce(two, 'moi-viet'))
      const [writer, other] = races[0]!.status === 'fulfilled' ? ['one', 'two'] : ['two', 'one']
      expect([existsSync(file(writer!, 'moi-viet')), existsSync(file(other!, 'moi-viet'))]).toEqual([true, false])
      // A reload and a restart, with the file and without, change nothing.
      await reload(one, 'one')
      await reload(two, 'two')
      const restarted = await book(other!)
      expect([inForce(one, 'moi-viet'), inForce(restarted, 'moi-viet')]).toEqual([
        inForce(two, 'moi-viet'),
        inForce(two, 'moi-viet'),
      ])
      expect((await history(one, 'moi-viet')).map(([n]) => n)).toEqual([1])
      // A correlation over it stands beside it wherever it was written: the base tells no more by itself.
      await add(
        restarted,
        `${fresh('/x', 'tren').split('detection')[0]}correlation: { type: event_count, rules: [moi-viet], group-by: [source.ip], timespan: 1m, condition: { gte: 2 } }\n`,
      )
      for (const each of [one, two]) {
        await follow(each)
        expect([inForce(each, 'moi-viet'), each.rules().some(({ id }) => id === 'tren')]).toEqual([undefined, true])
      }
      // An id whose file vanished goes on with its versions; where no folder is configured, the version holds all the same.
      rmSync(file(writer!, 'moi-viet'))
      for (const node of ['one', 'two']) rmSync(file(node, 'tren'), { force: true })
      const nowhere = await openRulebook(undefined, store, holdRules(undefined, LOGSOURCES), {
        node: 'three',
        clock: () => (now += 1000),
      })
      expect((await add(nowhere, fresh('/khong-cho', 'khong-cho'))).file).toEqual({
        why: 'no folder of rules is configured: write "rules:" into vonglau.yml, and copy the text there',
      })
      expect(inForce(nowhere, 'khong-cho')).toEqual([1, '/khong-cho'])
      // A draft may stand upon it.
      const draft = `title: d\nid: d\ncorrelation: { type: event_count, rules: [khong-cho], timespan: 1m, condition: { gte: 2 } }\n`
      expect(() => readDraft(draft, 'draft.yml', undefined, LOGSOURCES)).toThrow(/draft\.yml:3:\d+: .*khong-cho/)
      expect(readDraft(draft, 'draft.yml', undefined, LOGSOURCES, undefined, nowhere.unfiled())).toHaveLength(1)
    } finally {
      await place.remove()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
