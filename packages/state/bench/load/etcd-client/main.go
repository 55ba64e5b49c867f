// Creates objects in etcd with etcd's own client, as the peer of the benchmarks of the etcd backend: one transaction per object, so many at a time.
//
// Arguments: endpoint, writers, seconds, bytes of a value. Prints how many were created per second.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func main() {
	number := func(at int) int {
		value, err := strconv.Atoi(os.Args[at])
		check(err)
		return value
	}
	writers, seconds, value := number(2), number(3), strings.Repeat("x", number(4))
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{os.Args[1]}, DialTimeout: 5 * time.Second})
	check(err)
	defer client.Close()
	var index, done atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	until := start.Add(time.Duration(seconds) * time.Second)
	for range writers {
		group.Go(func() {
			for time.Now().Before(until) {
				key := fmt.Sprintf("/registry/core/configmaps/default/c-%d", index.Add(1))
				_, err := client.Txn(context.Background()).If(clientv3.Compare(clientv3.ModRevision(key), "=", 0)).Then(clientv3.OpPut(key, value)).Commit()
				check(err)
				done.Add(1)
			}
		})
	}
	group.Wait()
	fmt.Println(float64(done.Load()) / time.Since(start).Seconds())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
