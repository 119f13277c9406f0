/**
 * Sources and their versions on a real store: a file is an input, the newest version is the truth, what a person changes is
 * written back where it can be, what vanished is ended, and of two at once the second is refused.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { openSourcebook, type Sourcebook, SOURCES } from '../../api/sourcebook.ts'
import { textHistory } from '../../rules/texts.ts'
import type { Place } from '../rules/stores.ts'

const TOKEN = 'token-cua-so-y-te-2026'
const iis = (more = '') =>
  `  - id: iis-01 # máy chủ của Sở\n    parser: iis_access\n${more}    http: { token: ${TOKEN} }\n`
const NGINX = '  - { id: web-01, parser: nginx_access, file: { path: logs/web.log } } # cổng\n'

export const sourceTextsSuite = (name: string, open: () => Place): void => {
  test(`${name}: sources and their versions`, { timeout: 240_000 }, async () => {
    const place = open()
    const folder = mkdtempSync(join(tmpdir(), 'sources-'))
    const store = await place.open()
    let now = Date.UTC(2026, 10, 1)
    const file = (node: string) => join(folder, node, 'vonglau.yml')
    const say = (node: string, sources: string) => {
      mkdirSync(join(folder, node), { recursive: true })
      writeFileSync(file(node), `# cấu hình của ${node}\ntimezone: Asia/Ho_Chi_Minh\nsources:\n${sources}# hết\n`)
    }
    const book = (node: string) =>
      openSourcebook(readConfig(file(node), {}), store, { node, clock: () => (now += 1000) })
    const reload = (of: Sourcebook, node: string) => of.bring(readConfig(file(node), {}))
    const change = (of: Sourcebook, id: string, text: string | undefined, seen: number, by = 'an') =>
      of.change(id, { text, seen, by, reason: 'công văn 214' }, () => {})
    const history = async (of: Sourcebook, id = 'iis-01') =>
      (await textHistory(store.documents, of.known(id)!, undefined, SOURCES)).map(({ n, by, ended }) =>
        [n, by ?? 'tệp', ...(ended ? ['hết'] : [])].join(' '),
      )
    const minutes = (of: Sourcebook) => of.sources().find(({ id }) => id === 'iis-01')?.silent
    const text = (of: Sourcebook, id = 'iis-01') => of.known(id)!.text
    try {
      say('one', iis() + NGINX)
      const one = await book('one')
      expect(one.sources().map(({ id }) => id)).toEqual(['iis-01', 'web-01'])
      // A token is in no version.
      expect(text(one)).toMatch(/^id: iis-01\nparser: iis_access\nhttp:\n {2}token: sha256:[0-9a-f]{64}\n$/)
      expect(
        JSON.stringify((await store.documents.collection(SOURCES.heads).get({ system: true }, 'iis-01'))?.doc),
      ).not.toContain(TOKEN)

      // The same said in another order and layout is no news.
      say('one', `  - { http: { token: "${TOKEN}" }, parser: iis_access, id: iis-01 }\n${NGINX}`)
      await reload(one, 'one')
      expect(await history(one)).toEqual(['1 tệp'])
      say('one', iis() + NGINX)
      await reload(one, 'one')

      // A file's change is the next version; a second process says the same, and follows.
      say('one', iis('    silent_minutes: 30\n') + NGINX)
      await reload(one, 'one')
      expect([await history(one), minutes(one)]).toEqual([['2 tệp', '1 tệp'], 30])
      say('two', iis())
      const two = await book('two')
      expect([await history(two), minutes(two)]).toEqual([['2 tệp', '1 tệp'], 30])
      // Files of another machine are that one's; all the same it is known there.
      expect(two.sources().map(({ id }) => id)).toEqual(['iis-01', 'web-01'])
      expect(two.read().map(({ id }) => id)).toEqual(store.remote ? ['iis-01'] : ['iis-01', 'web-01'])

      // A person's: written into the file, to the letter; the token stays as the file has it.
      const done = await change(one, 'iis-01', text(one).replace('30', '45'), 2)
      expect(done).toEqual({ n: 3, file: { path: file('one') } })
      expect(readFileSync(file('one'), 'utf8')).toBe(
        `# cấu hình của one\ntimezone: Asia/Ho_Chi_Minh\nsources:\n${iis('    silent_minutes: 45\n')}${NGINX}# hết\n`,
      )
      await reload(one, 'one')
      expect([await history(one), minutes(one)]).toEqual([['3 an', '2 tệp', '1 tệp'], 45])
      expect(await two.follow()).toBe(true)
      expect([minutes(two), await two.follow()]).toEqual([45, false])
      // A person opens no files that the machine's own configuration does not.
      await expect(
        change(one, 'web-01', text(one, 'web-01').replace(/path: .*/, 'path: /etc/shadow'), 1),
      ).rejects.toThrow('source web-01, file.path /etc/shadow: it lies in none of the folders')
      // Who looked at an older version is refused, and so is what is wrong, with its place.
      await expect(change(two, 'iis-01', text(two).replace('45', '50'), 2)).rejects.toThrow(
        /somebody else .*version 3 now/,
      )
      const wrong: readonly (readonly [string, RegExp])[] = [
        [
          'id: iis-01\nparser: iss_access\nhttp: { token: x }\n',
          /^source iis-01, line 2: parser: expected one of .*iis_access/,
        ],
        [
          'id: iis-01\nparser: iis_access\nhttp: { token: ngan }\n',
          /line 3: http\.token: expected at least 16 characters, found another/,
        ],
        [
          'id: iis-01\nparser: iis_access\nhttp: { token: "sha256:00" }\n',
          /line 3: http\.token: expected .*, found another/,
        ],
        ['id: iis-01\nparser: iis_access\n', /exactly one of file:, syslog: and http:/],
        [
          'id: iis-01\nparser: iis_access\ntokne: x\nhttp: { token: 0123456789abcdef }\n',
          /line 3: tokne: there is no such key/,
        ],
        ['id: other\nparser: iis_access\nhttp: { token: 0123456789abcdef }\n', /its id stays as it is/],
        ['id: [', /line 1, column \d+: this is not YAML/],
        ['- a', /write the keys of one source/],
        [text(one), /nothing would change/],
      ]
      for (const [said, sentence] of wrong) await expect(change(one, 'iis-01', said, 3), said).rejects.toThrow(sentence)
      expect([await history(one), minutes(one)]).toEqual([['3 an', '2 tệp', '1 tệp'], 45])

      // The file of another machine never had the person's change: what it says otherwise waits, and both are known.
      say('two', iis('    silent_minutes: 5\n'))
      await reload(two, 'two')
      expect([minutes(two), two.waiting()]).toEqual([45, ['iis-01']])
      expect(two.known('iis-01')!.waiting).toMatchObject([{ node: 'two', path: file('two') }])
      await two.settle('iis-01', 'file', { seen: 3, by: 'bình', reason: 'đúng là năm phút' }, () => {})
      expect([await history(two), minutes(two), two.waiting()]).toEqual([['4 bình', '3 an', '2 tệp', '1 tệp'], 5, []])
      await one.follow()
      expect(minutes(one)).toBe(5)

      // A new token goes into the file itself, its hash into the version.
      const fresh = 'token-moi-cua-so-y-te'
      await change(one, 'iis-01', text(one).replace(/sha256:\w+/, fresh), 4)
      expect(readFileSync(file('one'), 'utf8')).toContain(`http: { token: ${fresh} }`)
      expect(text(one)).not.toContain(fresh)
      await one.bring(readConfig(file('one'), {}))
      expect((await history(one))[0]).toBe('5 an')

      // Where the file says something that was not read yet, it is left alone, and the person is told.
      say('two', iis('    silent_minutes: 7\n'))
      const unread = await change(two, 'iis-01', text(one).replace('5', '6'), 5)
      expect(unread).toMatchObject({ n: 6, file: { why: expect.stringMatching(/was changed and not read yet/) } })
      expect(readFileSync(file('two'), 'utf8')).toContain('silent_minutes: 7')
      await one.follow()
      expect(minutes(one)).toBe(6)

      // What vanished from the file is ended, and can be taken up again by a person.
      say('one', iis())
      await reload(one, 'one')
      expect(one.sources().map(({ id }) => id)).toEqual(['iis-01'])
      expect([await history(one, 'web-01'), one.ended()]).toEqual([['2 tệp hết', '1 tệp'], ['web-01']])
      await change(one, 'web-01', text(one, 'web-01'), 2)
      expect(one.sources().map(({ id }) => id)).toEqual(['iis-01', 'web-01'])
      expect(readFileSync(file('one'), 'utf8')).toContain(
        '  - id: web-01\n    parser: nginx_access\n    file:\n      path: logs/web.log\n',
      )
      // A person ends one: it goes from the file too.
      const ended = await change(one, 'web-01', undefined, 3)
      expect(ended).toEqual({ n: 4, file: { path: file('one') } })
      expect(readFileSync(file('one'), 'utf8')).not.toContain('web-01')
      await reload(one, 'one')
      expect(await history(one, 'web-01')).toEqual(['4 an hết', '3 an', '2 tệp hết', '1 tệp'])

      // What a person has ended stays so, whatever a file that was not told says otherwise: that waits.
      await two.follow()
      const { n } = two.known('iis-01')!
      expect((await change(two, 'iis-01', undefined, n)).file.why).toMatch(/not read yet/)
      await reload(two, 'two')
      expect([two.sources().map(({ id }) => id), two.waiting(), two.ended()]).toEqual([
        [],
        ['iis-01'],
        ['iis-01', 'web-01'],
      ])
      await two.settle('iis-01', 'file', { seen: n + 1, by: 'an', reason: 'vẫn còn dùng' }, () => {})
      // The other machine's file says otherwise too, since before: that waits on.
      expect([minutes(two), two.known('iis-01')!.waiting.map(({ node }) => node)]).toEqual([7, ['one']])
    } finally {
      await place.remove()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
