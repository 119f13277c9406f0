/** YAML that somebody wrote to be in the way: refused with its place and a sentence, in linear time. */
import { describe, expect, test } from 'vitest'
import { readYaml } from '../../ingest/yaml.ts'

const DEEP = 'it is nested more than 100 levels deep'
const levels = (n: number): string => Array.from({ length: n }, (_, i) => `${' '.repeat(i)}a:`).join('\n')

describe('refused', () => {
  test.each<[string, string, number, number, string]>([
    ['lists in lists', '['.repeat(20_000), 1, 0, DEEP],
    ['a hundred and more that end', `${'['.repeat(101)}${']'.repeat(101)}`, 1, 101, DEEP],
    ['maps in maps', 'a: '.concat('{a: '.repeat(5000)), 1, 0, DEEP],
    ['dashes', '- '.repeat(9000).concat('x'), 1, 0, DEEP],
    ['levels of lines', levels(3000), 0, 0, DEEP],
    ['a key twice', 'a: 1\nb: 2\na: 3\n', 3, 1, 'the key a stands twice'],
    ['an alias in itself', 'a: &a [*a]\n', 1, 8, 'an alias (*a) stands within what it names'],
  ])('%s', (_, text, line, col, why) => {
    const read = readYaml(text)
    expect(read).toMatchObject({ why, ...(line > 0 ? { line } : {}), ...(col > 0 ? { col } : {}) })
  })
})
test.each([
  ['a hundred lists', `${'['.repeat(100)}${']'.repeat(100)}`],
  ['a hundred maps', levels(100)],
])('taken: %s', (_, text) => {
  expect(readYaml(text)).toHaveProperty('value')
})
