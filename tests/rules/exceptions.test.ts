import { exceptionsSuite } from './exceptions.suite.ts'
import { embeddedPlace } from './stores.ts'

exceptionsSuite('embedded', embeddedPlace)
