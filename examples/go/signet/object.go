package signet

import (
	"errors"
	"runtime"
	"sync"
)

// ErrClosed is what a function of a Source or Identity returns after its Close.
var ErrClosed = errors.New("signet: the object is closed")

// object owns an object of the C interface. Calls may run at the same time; close waits for them.
type object[Pointer comparable] struct {
	mutex   sync.RWMutex
	pointer Pointer
	free    func(Pointer)
}

// newObject takes ownership of pointer: it is freed by close, or once nothing refers to the result any more.
func newObject[Pointer comparable](pointer Pointer, free func(Pointer)) *object[Pointer] {
	owner := &object[Pointer]{pointer: pointer, free: free}
	runtime.SetFinalizer(owner, (*object[Pointer]).close)
	return owner
}

// use calls a function with the pointer, which is not freed meanwhile.
func (o *object[Pointer]) use(call func(Pointer) error) error {
	o.mutex.RLock()
	defer o.mutex.RUnlock() // also keeps o, and so its finalizer, until the call has ended
	var none Pointer
	if o.pointer == none {
		return ErrClosed
	}
	return call(o.pointer)
}

func (o *object[Pointer]) close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var none Pointer
	if o.pointer != none {
		o.free(o.pointer)
		o.pointer = none
		runtime.SetFinalizer(o, nil)
	}
}
