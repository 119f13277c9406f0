import { describe } from 'vitest'
import { describeReparse } from './reparse.suite.ts'

describe('embedded', () => describeReparse(() => ({}), true))
