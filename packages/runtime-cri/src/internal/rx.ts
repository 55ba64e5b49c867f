// Deep imports instead of rxjs' index, which loads all operators: docs/adr/0006-one-deep-import-of-rxjs.md.
export { Observable } from 'rxjs/internal/Observable';
export { Subject } from 'rxjs/internal/Subject';
