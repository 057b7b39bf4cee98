//! Every function of Spark 4, and whether it can stand in an expression here.

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It gives Spark's answer.
    Supported,
    /// It needs many rows: an aggregate, or a function of a window.
    OfManyRows,
    /// Spark has it; the reason why this does not.
    Refused(&'static str),
    /// Spark does not have it.
    Unknown,
}

/// The status of a function by its name in lower case.
pub(crate) fn status(name: &str) -> Status {
    let has = |names: &str| names.split_whitespace().any(|other| other == name);
    if SUPPORTED.iter().any(|(_, names)| has(names)) {
        return Status::Supported;
    }
    if has(OF_MANY_ROWS) {
        return Status::OfManyRows;
    }
    let refused = REFUSED.iter().find(|(_, names)| has(names));
    refused.map_or(Status::Unknown, |(reason, _)| Status::Refused(reason))
}

/// Whether Spark lists a name as a function, and reads it as an operator and other syntax.
pub(crate) fn is_operator(name: &str) -> bool {
    SYNTAX.split_whitespace().any(|other| other == name)
}

/// What Spark lists as functions, but reads as operators and other syntax.
const SYNTAX: &str = "and between case in not or when";

/// Spark's function whose name is nearest to one that is none.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    let supported = SUPPORTED.iter().map(|(_, names)| *names);
    let names = supported
        .chain([OF_MANY_ROWS])
        .flat_map(str::split_whitespace);
    let distance = |other: &str| strsim::damerau_levenshtein(name, other);
    let nearest = names.min_by_key(|other| distance(other))?;
    is_misspelt(name, distance(nearest)).then_some(nearest)
}

/// Whether a name may be a misspelt one that is so many letters away: in a short name, one letter makes another word.
pub(crate) fn is_misspelt(name: &str, distance: usize) -> bool {
    match name.chars().count() {
        ..=3 => false,
        4..=6 => distance <= 1,
        _ => distance <= 2,
    }
}

/// The groups of functions that give Spark's answers.
const SUPPORTED: [(&str, &str); 13] = [
    (
        "Arrays",
        "array array_append array_compact array_contains array_distinct array_except array_insert array_intersect array_join
         array_max array_min array_position array_prepend array_remove array_repeat array_size array_sort array_union arrays_overlap
         arrays_zip cardinality concat element_at flatten get reverse sequence size slice sort_array try_element_at",
    ),
    (
        "Maps and structs",
        "map map_concat map_contains_key map_entries map_from_arrays map_from_entries map_keys map_values named_struct str_to_map
         struct",
    ),
    (
        "Functions that take a function",
        "aggregate exists filter forall map_filter map_zip_with reduce transform transform_keys transform_values zip_with",
    ),
    (
        "Texts",
        "ascii bit_length btrim char char_length character_length chr concat_ws contains elt endswith find_in_set format_string
         ilike initcap instr is_valid_utf8 lcase left len length levenshtein like locate lower lpad ltrim luhn_check make_valid_utf8
         mask octet_length overlay position printf quote repeat replace right rpad rtrim soundex space split_part startswith substr
         substring substring_index translate trim try_validate_utf8 ucase upper validate_utf8",
    ),
    (
        "Regular expressions",
        "regexp regexp_count regexp_extract regexp_extract_all regexp_instr regexp_like regexp_replace regexp_substr rlike split",
    ),
    (
        "Numbers",
        "abs acos acosh asin asinh atan atan2 atanh bin bround cbrt ceil ceiling conv cos cosh cot csc degrees div e exp expm1
         factorial floor format_number greatest hex hypot isnan least ln log log10 log1p log2 mod nanvl negative pi pmod positive pow
         power radians rand random rint round sec sign signum sin sinh sqrt tan tanh to_char to_number to_varchar try_add try_divide
         try_mod try_multiply try_subtract try_to_number unhex width_bucket",
    ),
    (
        "Bits",
        "bit_count bit_get getbit shiftleft shiftright shiftrightunsigned",
    ),
    (
        "Conditions",
        "assert_true coalesce decode equal_null if ifnull isnotnull isnull nullif nullifzero nvl nvl2 raise_error zeroifnull",
    ),
    (
        "Days and moments",
        "add_months convert_timezone curdate current_date current_timestamp current_timezone date_add date_diff date_format
         date_from_unix_date date_part date_sub date_trunc dateadd datediff datepart day dayname dayofmonth dayofweek dayofyear
         extract from_unixtime from_utc_timestamp hour last_day localtimestamp make_date make_timestamp make_timestamp_ltz
         make_timestamp_ntz minute month monthname months_between next_day now quarter second timestamp_micros timestamp_millis
         timestamp_seconds to_date to_timestamp to_timestamp_ltz to_timestamp_ntz to_unix_timestamp to_utc_timestamp trunc
         try_make_timestamp try_make_timestamp_ltz try_make_timestamp_ntz try_to_date try_to_timestamp unix_date unix_micros
         unix_millis unix_seconds unix_timestamp weekday weekofyear year",
    ),
    (
        "Casts",
        "bigint binary boolean cast date decimal double float int smallint string timestamp tinyint typeof",
    ),
    (
        "Json and URLs",
        "from_json get_json_object json_array_length json_object_keys parse_url to_json try_parse_url try_url_decode url_decode
         url_encode",
    ),
    (
        "Hashes and encodings",
        "base64 crc32 encode hash md5 sha sha1 sha2 to_binary try_to_binary unbase64 xxhash64",
    ),
    ("Others", "uuid"),
];

/// Aggregates and functions of windows.
const OF_MANY_ROWS: &str = "
    any any_value approx_count_distinct approx_percentile approx_top_k approx_top_k_accumulate approx_top_k_combine array_agg avg bit_and
    bit_or bit_xor bitmap_and_agg bitmap_construct_agg bitmap_or_agg bool_and bool_or collect_list collect_set collect_union corr count
    count_if count_min_sketch covar_pop covar_samp cume_dist dense_rank every first first_value grouping grouping_id histogram_numeric
    hll_sketch_agg hll_union_agg kll_merge_agg_bigint kll_merge_agg_double kll_merge_agg_float kll_sketch_agg_bigint kll_sketch_agg_double
    kll_sketch_agg_float kurtosis lag last last_value lead listagg max max_by mean measure median min min_by mode nth_value ntile
    percent_rank percentile percentile_approx percentile_cont percentile_disc rank regr_avgx regr_avgy regr_count regr_intercept regr_r2
    regr_slope regr_sxx regr_sxy regr_syy row_number schema_of_variant_agg skewness some std stddev stddev_pop stddev_samp string_agg sum
    theta_intersection_agg theta_sketch_agg theta_union_agg try_avg try_sum tuple_intersection_agg_double tuple_intersection_agg_integer
    tuple_sketch_agg_double tuple_sketch_agg_integer tuple_union_agg_double tuple_union_agg_integer var_pop var_samp variance vector_avg
    vector_sum counter_diff";

const REFUSED: [(&str, &str); 12] = [
    (
        "it gives several rows or columns, not a value",
        "explode explode_outer inline inline_outer json_tuple posexplode posexplode_outer range sql_keywords stack variant_explode
         variant_explode_outer collations python_worker_logs",
    ),
    (
        "its values depend on how Spark spreads the rows, which is not so here",
        "monotonically_increasing_id spark_partition_id randn randstr shuffle uniform",
    ),
    (
        "a row does not know its file here; an extract of each file can add a column",
        "input_file_block_length input_file_block_start input_file_name",
    ),
    (
        "it asks for Spark's session, which there is none of here",
        "current_catalog current_database current_path current_schema current_user session_user user version",
    ),
    (
        "it calls Java, which there is none of here",
        "java_method reflect try_reflect",
    ),
    (
        "intervals as values are not supported yet",
        "make_dt_interval make_interval make_ym_interval try_make_interval session_window window window_time time_bucket",
    ),
    (
        "Spark's type TIME is not supported yet",
        "current_time localtime make_time time time_diff time_from_micros time_from_millis time_from_seconds time_to_micros time_to_millis
         time_to_seconds time_trunc to_time try_to_time",
    ),
    (
        "nanoseconds are not supported yet",
        "timestamp_nanos unix_nanos",
    ),
    (
        "collations are not supported yet",
        "collate collation",
    ),
    (
        "the schema of a text is not found out when a pipeline is built; write it into from_json",
        "schema_of_avro schema_of_csv schema_of_json schema_of_xml",
    ),
    (
        "Spark's type VARIANT is not supported yet",
        "is_valid_variant is_variant_null parse_json schema_of_variant to_variant_object try_parse_json try_variant_array_append
         try_variant_get try_variant_insert try_variant_set variant_array_append variant_delete variant_get variant_insert variant_set
         variant_strip_nulls",
    ),
    (
        "it is not supported yet",
        "aes_decrypt aes_encrypt approx_top_k_estimate bitmap_bit_position bitmap_bucket_number bitmap_count from_avro from_base32
         from_csv from_protobuf from_xml hll_sketch_estimate hll_union hmac jaro_winkler_similarity kll_sketch_get_n_bigint
         kll_sketch_get_n_double kll_sketch_get_n_float kll_sketch_get_quantile_bigint kll_sketch_get_quantile_double
         kll_sketch_get_quantile_float kll_sketch_get_rank_bigint kll_sketch_get_rank_double kll_sketch_get_rank_float
         kll_sketch_merge_bigint kll_sketch_merge_double kll_sketch_merge_float kll_sketch_to_string_bigint kll_sketch_to_string_double
         kll_sketch_to_string_float sentences st_asbinary st_geogfromwkb st_geomfromwkb st_setsrid st_srid theta_difference
         theta_intersection theta_sketch_estimate theta_union to_avro to_base32 to_csv to_protobuf to_xml try_aes_decrypt
         tuple_difference_double tuple_difference_integer tuple_difference_theta_double tuple_difference_theta_integer
         tuple_intersection_double tuple_intersection_integer tuple_intersection_theta_double tuple_intersection_theta_integer
         tuple_sketch_estimate_double tuple_sketch_estimate_integer tuple_sketch_summary_double tuple_sketch_summary_integer
         tuple_sketch_theta_double tuple_sketch_theta_integer tuple_union_double tuple_union_integer tuple_union_theta_double
         tuple_union_theta_integer vector_cosine_similarity vector_inner_product vector_l2_distance vector_norm vector_normalize xpath
         xpath_boolean xpath_double xpath_float xpath_int xpath_long xpath_number xpath_short xpath_string",
    ),
];

#[cfg(test)]
/// Where a supported function takes less than Spark's does.
const LIMITS: [(&str, &str); 11] = [
    (
        "array_sort",
        "with a function that compares, arrays of at most 10 000 elements; of 32 or more, the function must not contradict itself",
    ),
    (
        "date_format",
        "patterns of literals are checked at build; `z`, the English name of the zone, is written where the session's time zone is UTC or an offset",
    ),
    (
        "cos",
        "and cot, csc, sec, sin, tan: Java takes the last digit from the processor, and so it may be another one here",
    ),
    (
        "format_number",
        "with a number of digits, or with a pattern of Java's without an exponent",
    ),
    (
        "format_string",
        "the conversions b c d e f n o s x X %, of numbers, texts, booleans and days",
    ),
    ("from_json", "without options"),
    ("get_json_object", "without `.*`"),
    (
        "rand",
        "without a seed: its values depend on how Spark spreads the rows",
    ),
    (
        "regexp_like",
        "and all functions of patterns: no look-around, no back references, no possessive quantifiers, nothing behind a `$`, no `^` and `$` of lines (flag m), no flags U and d; an empty match does not part a letter beyond U+FFFF in two",
    ),
    ("to_json", "without options"),
    (
        "try_add",
        "and its like take numbers, days and numbers of days, not intervals",
    ),
];

#[cfg(test)]
/// The catalog as `docs/functions.md` has it.
pub(crate) fn markdown() -> String {
    use std::fmt::Write as _;
    let mut out = String::from(
        "# Functions\n\nEvery function of Spark 4.3, and what becomes of it in an expression. Those that are supported give Spark's answers, types and\n\
         errors (ANSI mode), held to recordings of Spark by a test. Any other name is refused at build, with the nearest right one.\n\n## Supported\n\n| group | functions |\n| --- | --- |\n",
    );
    for (group, names) in SUPPORTED {
        let _ = writeln!(out, "| {group} | {} |", listed(names));
    }
    out.push_str(
        "\nSome take less than Spark's:\n\n| function | how it differs |\n| --- | --- |\n",
    );
    for (names, limit) in LIMITS {
        let _ = writeln!(out, "| {} | {limit} |", listed(names));
    }
    out.push_str("\n## Not supported\n\n| why | functions |\n| --- | --- |\n");
    for (reason, names) in REFUSED {
        let _ = writeln!(out, "| {reason} | {} |", listed(names));
    }
    let _ = write!(
        out,
        "\n## Of many rows\n\nAggregates and functions of windows: [what `groupby` and `aggregate` know](workflow.md) of them is supported there,\n[the functions that rank](workflow.md#functions-of-windows) in `withColumn`.\n\n{}\n",
        listed(OF_MANY_ROWS)
    );
    out
}

#[cfg(test)]
fn listed(names: &str) -> String {
    let names = names.split_whitespace().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{RunSettings, Session};

    fn all() -> impl Iterator<Item = &'static str> {
        let supported = SUPPORTED.iter().map(|(_, names)| *names);
        let refused = REFUSED.iter().map(|(_, names)| *names);
        supported
            .chain(refused)
            .chain([OF_MANY_ROWS, SYNTAX])
            .flat_map(str::split_whitespace)
    }

    fn functions_of_spark() -> BTreeSet<&'static str> {
        let recorded = include_str!("../../../../../tests/spark/functions.txt").lines();
        recorded
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
            .collect()
    }

    #[test]
    fn the_catalog_has_each_function_of_spark_once_and_no_other() {
        let listed: BTreeSet<&str> = all().collect();
        assert_eq!(listed.len(), all().count(), "a name stands twice");
        let spark = functions_of_spark();
        assert_eq!(
            listed.difference(&spark).collect::<Vec<_>>(),
            Vec::<&&str>::new()
        );
        assert_eq!(
            spark.difference(&listed).collect::<Vec<_>>(),
            Vec::<&&str>::new()
        );
    }

    #[test]
    fn the_documentation_is_the_catalog() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/functions.md");
        let documented = std::fs::read_to_string(path).unwrap_or_default();
        if documented != markdown() {
            std::fs::write(path, markdown()).unwrap();
            panic!("docs/functions.md was another one; it is written anew");
        }
    }

    #[test]
    fn what_spark_does_not_have_is_no_function_however_the_engine_calls_it() {
        let session = Session::new(&RunSettings::default()).unwrap();
        let frame = session
            .empty([("list", "array<int>"), ("t", "string")])
            .unwrap();
        for expression in [
            "list_append(list, 1)",
            "array_to_string(list, ',')",
            "arrow_cast(t, 'Utf8')",
            "strpos(t, 'a')",
            "make_array(1)",
        ] {
            let error = frame
                .clone()
                .with_column("x", expression)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("Spark has no function"),
                "{expression}: {error}"
            );
        }
        let error = frame
            .clone()
            .with_column("x", "uper(t)")
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `upper`?"), "{error}");
        let error = frame
            .with_column("x", "current_user()")
            .unwrap_err()
            .to_string();
        assert!(error.contains("Spark's session"), "{error}");
    }
}
