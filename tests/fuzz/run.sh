#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/run.sh [SECONDS [NAME]]: builds the fuzzers with clang's libFuzzer, address and
# undefined behaviour sanitizers, and runs each, or one, for so long (30 s). What crashes one is
# left in build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds="${1:-30}"
only="${2:-}"
out=build/fuzz
mkdir -p "$out"
flags=(-std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Isrc)
base=(src/base/result.cc src/base/text.cc src/base/log.cc src/base/clock.cc src/base/recycle.cc)
tensors=(src/json/reader.cc src/serving/tensor.cc src/serving/tensor_json.cc)
libs=(-lspdlog -lfmt)

# With ccache a second build costs seconds, and knows about changed headers.
compiler=(clang++-14)
! command -v ccache >/dev/null || compiler=(ccache clang++-14)
jobs="${FUZZ_JOBS:-2}"

# Each source to an object of its own, some at once; then the fuzzer.
fuzz() {
  local name="$1" file sources=() objects=() more=()
  shift
  [ -z "$only" ] || [ "$only" = "$name" ] || return 0
  mkdir -p "$out/$name.objects"
  for file in "$@"; do
    case $file in
      -l*) more+=("$file") ;;
      *) sources+=("$file") objects+=("$out/$name.objects/${file//\//.}.o") ;;
    esac
  done
  for file in "${sources[@]}"; do
    printf '%s\0' "$file" "$out/$name.objects/${file//\//.}.o"
  done | xargs -0 -n 2 -P "$jobs" bash -c \
    'exec "${@:1:$#-2}" -c "${@: -2:1}" -o "${@: -1}"' one "${compiler[@]}" "${flags[@]}" \
    -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL
  clang++-14 "${flags[@]}" -o "$out/$name" "${objects[@]}" "${more[@]}" "${libs[@]}"
  mkdir -p "$out/$name.corpus"
  local seeds=()
  [ ! -d "tests/fuzz/seeds/$name" ] || seeds=("tests/fuzz/seeds/$name")
  echo "fuzz: $name for $seconds s" >&2
  "$out/$name" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 -rss_limit_mb=1024 \
    -malloc_limit_mb=256 -artifact_prefix="$out/$name-" "$out/$name.corpus" "${seeds[@]}"
}

oip=(src/wire/oip/{request,grpc_request,tensor_bytes,shared_memory}.cc)
fuzz infer tests/fuzz/infer_fuzz.cc "${oip[@]}" "${tensors[@]}" "${base[@]}"
fuzz grpc_infer tests/fuzz/grpc_infer_fuzz.cc "${oip[@]}" "${tensors[@]}" "${base[@]}"
fuzz scoring tests/fuzz/scoring_fuzz.cc src/wire/scoring/{payload,csv,arrow_read,flat}.cc \
  src/serving/frame.cc "${tensors[@]}" "${base[@]}"
fuzz tfserving tests/fuzz/tfserving_fuzz.cc src/wire/tfserving/{grpc_request,tensor_proto}.cc \
  src/wire/tfserving/examples.cc src/serving/frame.cc "${tensors[@]}" "${base[@]}"
fuzz h2 tests/fuzz/h2_fuzz.cc src/net/{h2_session,h2_calls,h2_callbacks,h2_stream,grpc,loop}.cc \
  src/net/{http,head,router,compress}.cc src/base/{ids,pool,round}.cc "${base[@]}" -lnghttp2 \
  -lssl -lcrypto -lz
fuzz onnx tests/fuzz/onnx_fuzz.cc src/drivers/onnx/graph_check.cc "${base[@]}"
fuzz trees tests/fuzz/trees_fuzz.cc src/drivers/trees/{loaded,model,forest,document,xgboost}.cc \
  src/drivers/trees/{lightgbm,neutral}.cc src/serving/tensor.cc "${base[@]}"
otlp=(src/wire/otlp/{attributes,batches,preview,protobuf,read_json,read_protobuf,translate}.cc)
fuzz otlp tests/fuzz/otlp_fuzz.cc "${otlp[@]}" src/json/{value,spaced,reader}.cc "${base[@]}" \
  -lboost_json
fuzz events tests/fuzz/events_fuzz.cc src/drivers/tensorboard/events.cc "${base[@]}"
fuzz wandb tests/fuzz/wandb_fuzz.cc src/drivers/wandb/log_file.cc "${base[@]}"

fuzz filter tests/fuzz/filter_fuzz.cc src/domain/{clauses,comparison}.cc src/store/row.cc \
  src/tracking/filter_sql.cc src/tracking/rows.cc src/base/ids.cc "${base[@]}" -lcrypto

# The rooms themselves, without what opens a database.
flags+=(-Isrc/wire/mlflow -Isrc/tracking -Isrc/registry "-I$out")
libs+=(-lcrypto -lboost_json)
fuzz search tests/fuzz/search_fuzz.cc src/domain/{clauses,comparison,keyset}.cc \
  src/domain/page_token.cc src/store/row.cc \
  src/tracking/{filter_sql,rows,run_fields,run_order,types}.cc src/registry/search_sql.cc \
  src/registry/{stage,versions_sql,models_sql}.cc src/base/{ids,hash}.cc src/net/http.cc \
  src/wire/mlflow/{searches,uris,rules,errors,messages,registry/registry_words}.cc \
  src/json/{reader,value}.cc "${base[@]}"

# Every message of the MLflow wire, by its SLIPWAY_JSON line.
mapfile -t messages < <(find src/wire/mlflow -name 'messages*.cc' | sort)
sed -n 's/^SLIPWAY_JSON(slipway::wire::mlflow::\(.*\))$/MESSAGE(\1)/p' "${messages[@]}" \
  >"$out/messages_names.h.new"
find src/wire/mlflow -name 'messages*.h' -printf '#include "%P"\n' | sort \
  >"$out/messages_list.h.new"
for file in messages_names messages_list; do
  cmp -s "$out/$file.h" "$out/$file.h.new" || cp "$out/$file.h.new" "$out/$file.h"
done
all_flags=("${flags[@]}")
flags=("${flags[@]/,undefined/}")  # much code made of templates: half the time to compile
fuzz messages tests/fuzz/messages_fuzz.cc "${messages[@]}" src/wire/mlflow/{uris,rules}.cc \
  src/wire/mlflow/errors.cc src/net/http.cc src/json/{reader,value}.cc "${base[@]}"
flags=("${all_flags[@]}")

# YAML that people write.
yaml=(src/yaml/yaml.cc src/json/value.cc)
flags+=(-Isrc/registry -Isrc/pipeline -Isrc/wire/dvc -Isrc/data -Isrc/fetch)
flags+=(-Isrc/expectation)
libs+=(-lyaml-cpp -lboost_json -lcrypto)
fuzz policy tests/fuzz/policy_fuzz.cc src/govern/policy.cc "${yaml[@]}" "${base[@]}"
fuzz graph tests/fuzz/graph_fuzz.cc src/serving/graph_{spec,parse,condition}.cc \
  src/serving/tensor.cc "${yaml[@]}" "${base[@]}"
fuzz mlmodel tests/fuzz/mlmodel_fuzz.cc src/registry/mlmodel.cc "${yaml[@]}" "${base[@]}"
fuzz pointer tests/fuzz/pointer_fuzz.cc src/wire/dvc/dvc_file.cc src/wire/dvc/dvc_file_write.cc \
  src/wire/dvc/yaml_text.cc src/data/object_cache.cc src/data/file_copy.cc src/blob/hash.cc \
  src/blob/atomic_file.cc src/blob/files.cc src/data/stat_cache.cc src/base/ids.cc \
  "${yaml[@]}" "${base[@]}"
fuzz settings tests/fuzz/settings_fuzz.cc src/wire/dvc/{config_file,settings}.cc \
  src/blob/{atomic_file,files}.cc src/base/ids.cc "${base[@]}"
fuzz s3 tests/fuzz/s3_fuzz.cc src/fetch/s3_xml.cc "${base[@]}"
fuzz hook tests/fuzz/hook_fuzz.cc src/wire/alertmanager/message.cc src/net/http.cc \
  src/json/value.cc src/base/hash.cc "${base[@]}"
fuzz suite tests/fuzz/suite_fuzz.cc src/expectation/{suite,columns,labels}.cc "${yaml[@]}" \
  "${base[@]}" -lre2
fuzz pipeline tests/fuzz/pipeline_fuzz.cc src/pipeline/definition.cc src/pipeline/params.cc \
  src/pipeline/value.cc src/pipeline/expression.cc src/pipeline/cron.cc src/pipeline/zone.cc \
  src/base/ids.cc src/blob/atomic_file.cc src/blob/files.cc "${yaml[@]}" "${base[@]}"
