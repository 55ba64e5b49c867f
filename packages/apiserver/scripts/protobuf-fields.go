// Writes src/http/protobuf/fields.ts: the protocol buffer field numbers of Kubernetes' types, from the struct tags of its Go modules.
//
//	mkdir /tmp/fields && cd /tmp/fields && go mod init fields
//	go get k8s.io/api@v0.36.0 k8s.io/apimachinery@v0.36.0 k8s.io/kube-aggregator@v0.36.0
//	go run …/protobuf-fields.go $(go list -m -f '{{.Dir}}' k8s.io/api k8s.io/apimachinery k8s.io/kube-aggregator) > …/src/http/protobuf/fields.ts
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
)

const header = "// Made by packages/apiserver/scripts/protobuf-fields.go from the Go modules of Kubernetes 1.36. Do not edit.\n/* eslint-disable max-lines -- data */\n\n" +
	"/**\n * Field numbers: a line `= prefix` begins the types of one package, then `Type name=1 other=2* =3:Inlined`, where `*` marks what is a pointer in Go\n" +
	" * (so that a zero was meant), and a number without a name the fields of another type of the package, inlined.\n */\n"

func main() {
	api, machinery, aggregator := os.Args[1], os.Args[2], os.Args[3]
	var out strings.Builder
	dirs, _ := filepath.Glob(filepath.Join(api, "*", "v[0-9]"))
	sort.Strings(dirs)
	for _, dir := range dirs {
		write(&out, "io.k8s.api."+filepath.Base(filepath.Dir(dir))+"."+filepath.Base(dir), dir)
	}
	write(&out, "io.k8s.apimachinery.pkg.apis.meta.v1", filepath.Join(machinery, "pkg/apis/meta/v1"))
	write(&out, "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1", filepath.Join(aggregator, "pkg/apis/apiregistration/v1"))
	fmt.Printf("%sexport const FIELDS: string = `\n%s`;\n", header, out.String())
}

func write(out *strings.Builder, prefix, dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*types.go"))
	lines := []string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			panic(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok {
				if fields, ok := spec.Type.(*ast.StructType); ok {
					if line := describe(fields); line != "" {
						lines = append(lines, spec.Name.Name+line)
					}
				}
			}
			return true
		})
	}
	if len(lines) > 0 {
		sort.Strings(lines)
		fmt.Fprintf(out, "= %s\n%s\n", prefix, strings.Join(lines, "\n"))
	}
}

func describe(fields *ast.StructType) string {
	line := ""
	for _, field := range fields.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
		proto := strings.Split(tag.Get("protobuf"), ",")
		if len(proto) < 2 {
			continue
		}
		name := strings.Split(tag.Get("json"), ",")[0]
		_, pointer := field.Type.(*ast.StarExpr)
		switch {
		case name == "":
			if inlined, ok := field.Type.(*ast.Ident); ok {
				line += fmt.Sprintf(" =%s:%s", proto[1], inlined.Name)
			}
		case pointer:
			line += fmt.Sprintf(" %s=%s*", name, proto[1])
		default:
			line += fmt.Sprintf(" %s=%s", name, proto[1])
		}
	}
	return line
}
