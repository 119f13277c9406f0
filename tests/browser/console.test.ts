import { consoleSuite } from './console.suite.ts'
import { numbersSuite } from './numbers.suite.ts'
import { startDemo } from './server.ts'

consoleSuite('console', () => startDemo(), numbersSuite)
