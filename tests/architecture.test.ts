/** The laws of the house that a reviewer would otherwise have to remember. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { suiteOf } from './run.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** What is in the repository, or would be with the next commit. */
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)))
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const CODE = FILES.filter((file) => /\.(ts|js|svelte)$/.test(file))

describe('imports point upstream only', () => {
  /** What each folder may import of ours, besides its own files; `type`: only types. */
  const MAY: { [folder: string]: readonly { readonly prefix: RegExp; readonly type?: true }[] } = {
    ingest: [],
    rules: [
      { prefix: /^ingest\/(counted|event|expected|ip)\.ts$/ },
      { prefix: /^ingest\/store\// },
      { prefix: /^ingest\/inventory\// },
      // Rows are judged where they are made; whoever puts the program together hands the rules there.
      { prefix: /^ingest\/(judge\.ts$|row\/)/ },
    ],
    api: [{ prefix: /^ingest\// }, { prefix: /^rules\// }],
    ui: [
      { prefix: /^api\//, type: true },
      { prefix: /^ingest\/event\.ts$/, type: true },
    ],
    tests: [{ prefix: /^(ingest|rules|api|ui)\// }],
  }
  const STATEMENT =
    /^(?:import|export)\s+(type\s+)?(?:(\{[^}]*\}|\*(?:\s+as\s+\w+)?|\w+(?:\s*,\s*\{[^}]*\})?)\s+from\s+)?['"](\.{1,2}\/[^'"]+)['"]|\bimport\(\s*['"](\.{1,2}\/[^'"]+)['"]/gm
  const imports = (file: string): { target: string; type: boolean; line: string }[] =>
    [
      ...read(file)
        .replaceAll(/^\s+(?=import\b)/gm, '')
        .matchAll(STATEMENT),
    ].map(([line, type, names, from, dynamic]) => ({
      target: relative(ROOT, resolve(ROOT, dirname(file), (from ?? dynamic)!)),
      type:
        type !== undefined ||
        (names?.startsWith('{') === true &&
          names
            .slice(1, -1)
            .split(',')
            .every((name) => name.trim() === '' || name.trim().startsWith('type '))),
      line: line.replaceAll(/\s+/g, ' '),
    }))
  test.each(Object.keys(MAY))('%s/', (folder) => {
    const own = CODE.filter((file) => file.startsWith(`${folder}/`))
    expect(own.length).toBeGreaterThan(3)
    const wrong = own.flatMap((file) =>
      imports(file)
        .filter(({ target }) => !target.startsWith(`${folder}/`) && target !== 'package.json')
        .filter(
          ({ target, type }) => !MAY[folder]!.some((allowed) => allowed.prefix.test(target) && (!allowed.type || type)),
        )
        .map(({ line }) => `${file}: ${line}`),
    )
    expect(wrong).toEqual([])
  })
  test('in no circle: of what is there when a program runs, types apart', () => {
    const of = new Map(
      CODE.map((file) => [
        file,
        imports(file)
          .filter(({ type }) => !type)
          .map(({ target }) => target),
      ]),
    )
    const done = new Set<string>()
    const circles: string[] = []
    const walk = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '))
      else if (!done.has(file)) {
        for (const target of of.get(file) ?? []) walk(target, [...way, file])
        done.add(file)
      }
    }
    for (const file of of.keys()) walk(file, [])
    expect(circles).toEqual([])
  })
  test('the law sees what it should', () => {
    const own = CODE.flatMap((file) => imports(file).map(({ target }) => target))
    expect(own.length).toBeGreaterThan(300)
    expect(own.filter((target) => target.startsWith('ingest/store/'))).not.toEqual([])
  })
})

test('the top holds the six folders and what tools want there', () => {
  const FOLDERS = ['api', 'ingest', 'rules', 'seeds', 'tests', 'ui', '.ci']
  const TOP = [
    'README.md',
    'LICENSE',
    'package.json',
    'package-lock.json',
    'compose.yml',
    'tsconfig.json',
    '.biome.json',
    '.gitignore',
    '.dockerignore',
    '.npmrc',
  ]
  expect(
    [...new Set(FILES.map((file) => file.split('/')[0]!))].filter(
      (name) => !FOLDERS.includes(name) && !TOP.includes(name),
    ),
  ).toEqual([])
  for (const name of ['README.md', 'LICENSE', ...FOLDERS]) expect(existsSync(join(ROOT, name)), name).toBe(true)
})

test('each folder says for whom it is', () => {
  for (const folder of ['api', 'ingest', 'rules', 'seeds', 'tests', 'ui'])
    expect(existsSync(join(ROOT, folder, 'README.md')), `${folder}/README.md`).toBe(true)
})

describe('a file is one idea', () => {
  const MOST = 400
  /** Longer by their nature: a table of words, one row a word. */
  const TABLES = /^ui\/i18n\//
  /** Each with what would have to be cut, and why it was not. */
  const LONGER: { [file: string]: string } = {
    'ingest/parsers/fortinet_fortigate.ts':
      'one scanner over one format: its branches share the cursor, and cutting it costs speed',
  }
  test(`at most ${MOST} lines`, () => {
    const long = CODE.filter((file) => /^(api|ui|rules|ingest)\//.test(file) && !TABLES.test(file))
      .map((file) => ({ file, lines: read(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MOST)
    expect(long.filter(({ file }) => !(file in LONGER))).toEqual([])
    // An exception that is not needed any more goes.
    for (const file of Object.keys(LONGER)) expect(existsSync(join(ROOT, file)), file).toBe(true)
  })
  test('and lines of the console that a person can read: at most 160 characters', () => {
    const wide = CODE.filter((file) => file.endsWith('.svelte')).flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, i) => (line.length > 160 ? [`${file}:${i + 1}: ${line.length}`] : [])),
    )
    expect(wide).toEqual([])
  })
  test('no words that say nothing', () => {
    const named = CODE.flatMap((file) =>
      [...read(file).matchAll(/\b(?:class|interface|type)\s+(\w*(?:Manager|Helper|Util|Utils))\b/g)].map(
        (found) => `${file}: ${found[1]}`,
      ),
    )
    expect(named).toEqual([])
    expect(FILES.filter((file) => /(^|\/)(utils?|helpers?|misc|common)\.(ts|svelte)$/.test(file))).toEqual([])
  })
})

test('nothing names the machines it was made on', () => {
  // Where packages come from is a setting of whoever installs; put together here, so that this file does not name them.
  const HOSTS = [
    'registry.npm' + 'js.org',
    'npm' + 'mirror.com',
    'jfrog' + '.io',
    'verda' + 'ccio',
    'nexus' + '/repository',
    'localhost:48' + '73',
  ]
  const hits = FILES.filter((file) => !/\.(png|woff2?|mmdb|gz|svg)$/.test(file)).flatMap((file) => {
    const text = read(file)
    return HOSTS.filter((host) => text.includes(host)).map((host) => `${file}: ${host}`)
  })
  // npm itself writes where each package was found.
  expect(hits.filter((hit) => !hit.startsWith('package-lock.json: '))).toEqual([])
  // Outside the repository only the folder beside it is named.
  const paths = FILES.filter(
    (file) => /\.(ts|js|svelte|md|yml|json)$/.test(file) && file !== 'package-lock.json',
  ).flatMap((file) =>
    [...read(file).matchAll(/(?<![\w.])\/(?:work|home|root)\/\w+/g)].map((found) => `${file}: ${found[0]}`),
  )
  expect(paths).toEqual([])
})

test('what needs a server to download is no part of `npm test`', () => {
  const wants = FILES.filter(
    (file) => /^tests\/.*\.test\.ts$/.test(file) && /servers\/(cluster|elasticsearch)\.ts'/.test(read(file)),
  )
  expect(wants.length).toBeGreaterThan(5)
  expect(wants.filter((file) => suiteOf(file) !== 'cluster')).toEqual([])
})

test('what several files of tests share registers nothing where it is imported', () => {
  // A process runs one file after the other, and imports what they share once: the second file would not have it.
  const hooks = CODE.filter((file) => file.startsWith('tests/') && !file.endsWith('.test.ts')).flatMap((file) =>
    [...read(file).matchAll(/^(?:before|after)(?:Each|All)\b|^(?:test|describe)[.(]/gm)].map(
      ([what]) => `${file}: ${what}`,
    ),
  )
  expect(hooks).toEqual([])
})

test('the console’s folder holds no program: only its build is served', () => {
  expect(readdirSync(join(ROOT, 'ui')).filter((name) => /^(node_modules|package\.json)$/.test(name))).toEqual([])
})
