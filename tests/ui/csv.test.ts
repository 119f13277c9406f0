import { expect, test } from 'vitest'
import { csvOf } from '../../ui/state/csv.ts'

test.each([
  ['words and numbers', [['Sở Y tế', 53, null]], 'Sở Y tế,53,\r\n'],
  ['a minus that is a number stays one', [[-4]], '-4\r\n'],
  ['commas, quotes, lines', [['a,b', 'c"d', 'e\nf']], '"a,b","c""d","e\nf"\r\n'],
  ['what a spreadsheet would compute is text', [['=1+1', '+1', '@x', '-x']], "'=1+1,'+1,'@x,'-x\r\n"],
])('%s', (_, rows, text) => expect(csvOf(rows)).toBe(text))
