#!/usr/bin/env python3
"""Writes the binary files that cases read, into `files/`: what Spark writes, and what other programs write that Spark reads.

    pip install "pyspark>=4,<5" pyarrow fastavro cramjam backports.zstd
    python tests/spark/write_files.py

Avro files come from `fastavro`, by the schemas that Spark's own writer has for the types: PySpark itself writes none without a package.
A file that is written anew differs in its bytes (times, names), not in its rows.
"""

import datetime
import decimal
import json
import shutil
import tempfile
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from record import session

FILES = Path(__file__).parent / "files"
UTC = datetime.timezone.utc

TYPES = """id int, byte_ tinyint, short_ smallint, int_ int, long_ bigint, float_ float, double_ double, small_ decimal(9,2), medium_ decimal(18,4),
large_ decimal(38,18), string_ string, boolean_ boolean, date_ date, timestamp_ timestamp, ntz_ timestamp_ntz, binary_ binary,
struct_ struct<a:int,b:string>, array_ array<int>, map_ map<string,bigint>, deep_ array<struct<k:string,m:map<string,array<decimal(5,1)>>>>"""

ROWS = [
    {
        "id": 1, "byte_": 1, "short_": 2, "int_": 3, "long_": 4, "float_": 1.5, "double_": 2.25, "small_": "12.34", "medium_": "-5.0001",
        "large_": "1.000000000000000001", "string_": "text", "boolean_": True, "date_": "2024-02-29", "timestamp_": "2024-02-29T12:34:56.789012Z",
        "ntz_": "2024-02-29T01:02:03.000004", "binary_": "AAH/", "struct_": {"a": 1, "b": "x"}, "array_": [1, 2, 3], "map_": {"k": 1},
        "deep_": [{"k": "a", "m": {"x": ["1.5", None]}}, {"k": None, "m": None}],
    },
    {"id": 2},
    {
        "id": 3, "byte_": 127, "short_": 32767, "int_": 2147483647, "long_": 9223372036854775807, "float_": 3.4028235e38,
        "double_": 1.7976931348623157e308, "small_": "9999999.99", "medium_": "99999999999999.9999",
        "large_": "99999999999999999999.999999999999999999", "string_": "Größe 日本語 😀\n\t\"", "boolean_": False, "date_": "9999-12-31",
        "timestamp_": "9999-12-31T23:59:59.999999Z", "ntz_": "9999-12-31T23:59:59.999999", "binary_": "", "struct_": {"a": None, "b": None},
        "array_": [], "map_": {}, "deep_": [],
    },
    {
        "id": 4, "byte_": -128, "short_": -32768, "int_": -2147483648, "long_": -9223372036854775808, "float_": "NaN", "double_": "-Infinity",
        "small_": "-9999999.99", "medium_": "-99999999999999.9999", "large_": "-99999999999999999999.999999999999999999", "string_": "",
        "boolean_": True, "date_": "0001-01-01", "timestamp_": "0001-01-01T00:00:00.000001Z", "ntz_": "0001-01-01T00:00:00.000001",
        "binary_": "AA==", "struct_": {"a": -1, "b": ""}, "array_": [None, 0], "map_": {"": None, "é": 2}, "deep_": [None],
    },
    {
        "id": 5, "byte_": 0, "short_": 0, "int_": 0, "long_": 0, "float_": -0.0, "double_": "NaN", "small_": "0.00", "medium_": "0.0001", "large_": "0",
        "string_": " ", "boolean_": False, "date_": "1969-12-31", "timestamp_": "1969-12-31T23:59:59.999999Z", "ntz_": "1582-10-10T00:00:00",
        "array_": [7], "map_": {"a": 1, "b": 2}, "deep_": [{"k": "", "m": {}}],
    },
]


def rows(spark: SparkSession, schema: str, values: list[dict]) -> DataFrame:
    text = spark.sparkContext.parallelize([json.dumps(value) for value in values], 1)
    return spark.read.schema(schema).option("mode", "FAILFAST").json(text)


def save(df: DataFrame, name: str, **options: str) -> None:
    """Saves a frame as the one file `name`, in the format that its extension names."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "output"
        df.coalesce(1).write.format(Path(name).suffix[1:]).options(**options).save(str(output))
        (part,) = output.glob("part-*")
        (FILES / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(part, FILES / name)


def by_spark(spark: SparkSession) -> None:
    types = rows(spark, TYPES, ROWS)
    few = types.select("id", "string_", "large_", "timestamp_")
    save(types, "types.parquet")
    save(types, "types.orc")
    times = "id int, a array<timestamp>, s struct<t:timestamp,d:date,n:timestamp_ntz>, m map<string,struct<t:timestamp>>"
    old, new = "0001-01-01T00:00:00.5Z", "2024-02-29T12:34:56.789012Z"
    nested = {"id": 1, "a": [old, None, new], "s": {"t": old, "d": "0001-01-01", "n": "0001-01-01T00:00:00"}, "m": {"k": {"t": old}, "l": None}}
    for suffix in ["parquet", "orc"]:
        save(rows(spark, times, [nested, {"id": 2}, {"id": 3, "a": [], "s": {}, "m": {}}]), f"nested_times.{suffix}")
    for kind in ["TIMESTAMP_MICROS", "TIMESTAMP_MILLIS"]:
        spark.conf.set("spark.sql.parquet.outputTimestampType", kind)
        save(few, f"{kind.lower()}.parquet")
    spark.conf.unset("spark.sql.parquet.outputTimestampType")
    spark.conf.set("spark.sql.parquet.writeLegacyFormat", "true")
    save(types.drop("ntz_"), "legacy.parquet")
    spark.conf.unset("spark.sql.parquet.writeLegacyFormat")
    for codec in ["none", "gzip", "zstd", "lz4", "lz4_raw"]:
        save(few, f"codec_{codec}.parquet", compression=codec)
    for codec in ["none", "zlib", "snappy", "lz4", "lzo"]:
        save(few, f"codec_{codec}.orc", compression=codec)
    for suffix in ["parquet", "orc"]:
        save(types.limit(0), f"no_rows.{suffix}")
        save(rows(spark, "id int, name string", [{"id": 1, "name": "a"}]), f"evolved_{suffix}/1.{suffix}")
        save(rows(spark, "ID int, extra double, s struct<a:int>", [{"ID": 2, "extra": 0.5, "s": {"a": 1}}]), f"evolved_{suffix}/2.{suffix}")
        save(rows(spark, "id int, s struct<b:int>", [{"id": 3, "s": {"b": 2}}]), f"evolved_{suffix}/3.{suffix}")
        save(rows(spark, "id int", [{"id": 1}]), f"conflicting_{suffix}/1.{suffix}")
        save(rows(spark, "id string", [{"id": "x"}]), f"conflicting_{suffix}/2.{suffix}")
    # Files whose rows were rebased to the calendar of Spark 2.
    spark.conf.set("spark.sql.parquet.datetimeRebaseModeInWrite", "LEGACY")
    spark.conf.set("spark.sql.parquet.int96RebaseModeInWrite", "LEGACY")
    save(types.select("id", "date_", "timestamp_"), "rebased.parquet")
    spark.conf.unset("spark.sql.parquet.datetimeRebaseModeInWrite")
    spark.conf.unset("spark.sql.parquet.int96RebaseModeInWrite")
    spark.conf.set("spark.sql.caseSensitive", "true")
    save(spark.sql("select 1 a, 2 A, 3 b"), "two_of_a_name.parquet")
    save(spark.sql("select 1 a, 2 A, 3 b"), "two_of_a_name.orc")
    spark.conf.unset("spark.sql.caseSensitive")


def by_arrow() -> None:
    unsigned = {
        "u8": pa.array([0, 255, None], pa.uint8()),
        "u16": pa.array([0, 65535, None], pa.uint16()),
        "u32": pa.array([0, 4294967295, None], pa.uint32()),
        "u64": pa.array([0, 18446744073709551615, None], pa.uint64()),
    }
    pq.write_table(pa.table(unsigned), FILES / "unsigned.parquet")
    foreign = {
        "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
        "large": pa.array(["x", None, "z"], pa.large_string()),
        "required": pa.array([1, 2, 3], pa.int32()),
        "fixed": pa.array([b"abcd", None, b"efgh"], pa.binary(4)),
        "int_decimal": pa.array([decimal.Decimal("1.23"), None, decimal.Decimal("-9.99")], pa.decimal128(5, 2)),
        "long_decimal": pa.array([decimal.Decimal("1.23"), None, decimal.Decimal("-9.99")], pa.decimal128(15, 2)),
        "fixed_decimal": pa.array([decimal.Decimal("1.23"), None, decimal.Decimal("-9.99")], pa.decimal128(30, 2)),
        "millis": pa.array([0, 1, None], pa.timestamp("ms", "UTC")),
        "local_millis": pa.array([0, 1, None], pa.timestamp("ms")),
        "list": pa.array([[1, None], None, []], pa.list_(pa.int64())),
    }
    schema = pa.schema([pa.field(name, column.type, nullable=name != "required") for name, column in foreign.items()])
    table = pa.table(foreign, schema=schema)
    pq.write_table(table, FILES / "foreign.parquet", store_decimal_as_integer=True, row_group_size=2, version="2.6", compression="gzip")
    for name, column in {
        "nanos": pa.array([1], pa.timestamp("ns")),
        "time": pa.array([1], pa.time64("us")),
        "half": pa.array([1.5], pa.float16()),
    }.items():
        pq.write_table(pa.table({"id": pa.array([1]), name: column}), FILES / f"{name}.parquet")
    data = {"id": [1, 2], "ts": pa.array([0, 1], pa.timestamp("ns")), "instant": pa.array([0, 1], pa.timestamp("ns", "UTC"))}
    pa.orc.write_table(pa.table(data), FILES / "foreign.orc")


def by_hive() -> None:
    """Files as Hive wrote them before it kept the names of columns, and some whose names only begin so."""
    numbers, texts, longs = pa.array([1, 2, None], pa.int32()), pa.array(["a", "b", None]), pa.array([10, 20, 30], pa.int64())
    inner = pa.struct([("_col0", pa.int32()), ("_col1", pa.string())])
    nested = pa.array([{"_col0": 1, "_col1": "x"}, {"_col0": None, "_col1": "y"}, None], inner)
    for name, columns in {
        "hive": {"_col0": numbers, "_col1": texts, "_col2": longs},
        "hive_mixed": {"_col0": numbers, "name": texts, "_col2": longs},
        "hive_upper": {"_COL0": numbers, "_COL1": texts},
        "hive_other": {"_column": numbers, "_col": texts},
        "hive_order": {"_col1": numbers, "_col0": texts},
        "hive_nested": {"_col0": numbers, "_col1": nested},
        "named": {"x": numbers, "y": texts},
    }.items():
        pa.orc.write_table(pa.table(columns), FILES / f"{name}.orc")


def without_values(spark: SparkSession) -> None:
    """Columns that no value was written to: pandas makes the first of one of `None`, Spark the second of a null without a type."""
    numbers, nothing = pa.array([1, 2, 3], pa.int32()), pa.array([None, None, None], pa.null())
    inner = pa.struct([("a", pa.int32()), ("n", pa.null())])
    columns = {
        "id": numbers,
        "n": nothing,
        "s": pa.array([{"a": 1, "n": None}, None, {"a": None, "n": None}], inner),
        "l": pa.array([[None], None, []], pa.list_(pa.null())),
        "m": pa.array([[("k", None)], None, []], pa.map_(pa.string(), pa.null())),
    }
    pq.write_table(pa.table(columns), FILES / "null.parquet")
    void = spark.sql("select 1 id, null n, named_struct('a', 1, 'v', null) s, array(null) l, map('k', null) m")
    save(void, "void.parquet")
    fields = [{"name": "id", "type": "int"}, {"name": "n", "type": "null"}]
    with (FILES / "null.avro").open("wb") as out:
        fastavro.writer(out, {"type": "record", "name": "row", "fields": fields}, [{"id": 1, "n": None}, {"id": 2, "n": None}])


def nullable(kind: object) -> list:
    return [kind, "null"]


def decimal_of(name: str, size: int, precision: int, scale: int) -> dict:
    return {"type": "fixed", "name": "fixed", "namespace": f"topLevelRecord.{name}", "size": size, "logicalType": "decimal", "precision": precision, "scale": scale}


def avro_schema() -> dict:
    """What Spark's `SchemaConverters.toAvroType` makes of `TYPES`."""
    nested = {"type": "record", "name": "struct_", "namespace": "topLevelRecord", "fields": [{"name": "a", "type": nullable("int")}, {"name": "b", "type": nullable("string")}]}
    lists = {"type": "array", "items": nullable(decimal_of("deep_.m", 3, 5, 1))}
    deep = {
        "type": "record", "name": "deep_", "namespace": "topLevelRecord",
        "fields": [{"name": "k", "type": nullable("string")}, {"name": "m", "type": nullable({"type": "map", "values": nullable(lists)})}],
    }
    kinds = {
        "id": "int", "byte_": "int", "short_": "int", "int_": "int", "long_": "long", "float_": "float", "double_": "double",
        "small_": decimal_of("small_", 4, 9, 2), "medium_": decimal_of("medium_", 8, 18, 4), "large_": decimal_of("large_", 16, 38, 18),
        "string_": "string", "boolean_": "boolean", "date_": {"type": "int", "logicalType": "date"},
        "timestamp_": {"type": "long", "logicalType": "timestamp-micros"}, "ntz_": {"type": "long", "logicalType": "local-timestamp-micros"},
        "binary_": "bytes", "struct_": nested, "array_": {"type": "array", "items": nullable("int")},
        "map_": {"type": "map", "values": nullable("long")}, "deep_": {"type": "array", "items": nullable(deep)},
    }
    return {"type": "record", "name": "topLevelRecord", "fields": [{"name": name, "type": nullable(kind)} for name, kind in kinds.items()]}


def by_fastavro(spark: SparkSession) -> None:
    schema = fastavro.parse_schema(avro_schema())
    values = internal(rows(spark, TYPES, ROWS))
    for codec in ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]:
        with (FILES / f"codec_{codec}.avro").open("wb") as out:
            few = {"type": "record", "name": "few", "fields": [{"name": "id", "type": "int"}, {"name": "string_", "type": ["null", "string"]}]}
            fastavro.writer(out, few, [{name: value[name] for name in ["id", "string_"]} for value in values], codec=codec)
    with (FILES / "types.avro").open("wb") as out:
        fastavro.writer(out, schema, values, codec="snappy")
    with (FILES / "no_rows.avro").open("wb") as out:
        fastavro.writer(out, schema, [])
    foreign = {
        "type": "record", "name": "foreign", "namespace": "org.example",
        "fields": [
            {"name": "colour", "type": {"type": "enum", "name": "colour", "symbols": ["RED", "GREEN"]}},
            {"name": "fixed", "type": {"type": "fixed", "name": "four", "size": 4}},
            {"name": "millis", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "local_millis", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
            {"name": "bytes_decimal", "type": {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}},
            {"name": "number", "type": ["int", "long"]},
            {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
        ],
    }
    row = {
        "colour": "GREEN", "fixed": b"abcd", "millis": datetime.datetime(2024, 1, 2, 3, 4, 5, 6000, UTC), "local_millis": datetime.datetime(2024, 1, 2, 3, 4, 5, 6000),
        "bytes_decimal": decimal.Decimal("-1.23"), "number": 7, "uuid": "0d1f5e2c-7f6b-4c9a-9f59-1d2f5b0c7a11",
    }
    with (FILES / "foreign.avro").open("wb") as out:
        fastavro.writer(out, foreign, [row])


def internal(types: DataFrame) -> list[dict]:
    """The rows with days and microseconds as numbers: Python's own types do not reach the first day of all."""
    numbers = {
        "date_": F.unix_date("date_"),
        "timestamp_": F.unix_micros("timestamp_"),
        "ntz_": F.unix_micros(F.col("ntz_").cast("timestamp")),
    }
    values = [row.asDict(recursive=True) for row in types.withColumns(numbers).collect()]
    return [value | {"binary_": None if value["binary_"] is None else bytes(value["binary_"])} for value in values]


def main() -> None:
    FILES.mkdir(exist_ok=True)
    spark = session()
    by_spark(spark)
    by_arrow()
    by_hive()
    without_values(spark)
    by_fastavro(spark)
    spark.stop()


if __name__ == "__main__":
    main()
