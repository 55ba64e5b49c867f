// The class that `rxjs` exports, without the 200 operator modules that its index loads.
export { Observable } from 'rxjs/internal/Observable';
