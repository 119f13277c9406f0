import { expect, test } from 'vitest'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { silencesSuite } from './silences.suite.ts'
import { embeddedPlace } from './stores.ts'

silencesSuite('embedded', embeddedPlace)

const rule = (vonglau: string) =>
  `title: a\nid: a\ndetection: { s: { user.name: x }, condition: s }\nvonglau: ${vonglau}\n`
test.each([
  ['{ silent: { for: 2h, remember: 1h } }', /what is forgotten after "1h" is never missed: expected more than 2h/],
  ['{ silent: { by: [observer.name] } }', /silent.for is undefined, expected a string|silent\.for/],
  ['{ silent: { for: 2h }, quiet: 1h }', /vonglau.quiet: what is silent is one alert until it is heard/],
  ['{ silent: { fro: 2h } }', /there is no such key; known ones are by, for, remember/],
])('%s is refused with its place', (vonglau, sentence) => {
  expect(() => compileSigma(rule(vonglau), 'a.yml')).toThrow(sentence)
})
