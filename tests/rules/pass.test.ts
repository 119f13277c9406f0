import { passSuite } from './pass.suite.ts'
import { embeddedPlace } from './stores.ts'

passSuite('embedded', embeddedPlace)
