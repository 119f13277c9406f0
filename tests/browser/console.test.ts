import { consoleSuite } from './console.suite.ts'
import { startDemo } from './server.ts'

consoleSuite('console', () => startDemo())
