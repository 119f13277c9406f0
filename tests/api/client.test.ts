/** Whose address a request counts as. */
import { expect, test } from 'vitest'
import { clientOf } from '../../api/client.ts'

test.each([
  // trusted, peer, X-Forwarded-For, client
  [[], '192.0.2.1', undefined, '192.0.2.1'],
  [[], '192.0.2.1', '203.0.113.9', '192.0.2.1'], // nobody is trusted: a client writes what it likes
  [['10.0.0.1'], '10.0.0.1', '203.0.113.9', '203.0.113.9'],
  [['10.0.0.1'], '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
  [['10.0.0.1'], '10.0.0.2', '203.0.113.9', '10.0.0.2'],
  [['10.0.0.0/24'], '10.0.0.1', '1.2.3.4, 203.0.113.9, 10.0.0.7', '203.0.113.9'], // the left one is invented
  [['10.0.0.0/24'], '10.0.0.1', '203.0.113.9, nonsense', '10.0.0.1'],
  [['2001:db8::/32'], '2001:db8::1', '[2001:db9::5]:443', '2001:db9::5'],
  [['10.0.0.0/24'], '10.0.0.1', '10.0.0.5', '10.0.0.5'],
] as const)('trusted %j, peer %s, forwarded %s: %s', (trusted, peer, forwarded, expected) => {
  expect(clientOf(trusted)(peer, forwarded)).toBe(expected)
})
