//! The steps of a job: their ids, what they read, and what becomes of the columns.

use samara::engine::write::WriteError;
use samara::engine::{read, write};
use samara::location::Use;
use samara::{Dropna, SaveMode, Session, asc};

use crate::check::frame::{Frame, Place};
use crate::check::{Problems, location, option, schema};
use crate::diagnostic::{Diagnostic, code};
use crate::model::{self, Aggregation, Format, JoinType, Method, NullRule};
use crate::plan::{Extract, Function, Load, Nulls, Step, Transform};
use crate::source::{Document, Span, Spanned};

/// The steps of an enabled job. Where something is wrong the list is incomplete, and so is everything that depends on it.
pub(super) fn steps(
    session: &Session,
    document: &Document,
    job: &model::Job,
    problems: &mut Problems,
) -> Vec<Step> {
    let mut checker = Checker {
        session,
        document,
        job: &job.id.value,
        ids: Vec::new(),
        readable: usize::MAX,
        frames: Vec::new(),
        problems,
    };
    let later = job.transforms.iter().map(|transform| &transform.value.id);
    let later: Vec<&Spanned<String>> = later.collect();
    let mut steps = Vec::new();
    for extract in &job.extracts {
        let (step, frame) = checker.extract(&extract.value);
        steps.extend(checker.add(&extract.value.id, step.map(Step::Extract), frame));
    }
    for transform in &job.transforms {
        let (step, frame) = checker.transform(&transform.value, &later);
        steps.extend(checker.add(&transform.value.id, step.map(Step::Transform), frame));
    }
    checker.readable = checker.ids.len();
    for load in &job.loads {
        let step = checker.load(&load.value, &later);
        steps.extend(checker.add(&load.value.id, step.map(Step::Load), None));
    }
    steps
}

/// Checks that an id can name something.
pub(super) fn check_id(document: &Document, id: &Spanned<String>, problems: &mut Problems) {
    if id.value.trim().is_empty() {
        let problem = Diagnostic::error(code::INVALID_VALUE, "an id must not be empty");
        problems.add(problem.at(document.source(), id.span, ""));
    }
}

struct Checker<'a> {
    session: &'a Session,
    document: &'a Document,
    job: &'a str,
    /// The ids of the steps so far.
    ids: Vec<&'a Spanned<String>>,
    /// How many of them come before the first load, and so give a frame.
    readable: usize,
    /// What they give: nothing for a load, and for a step that something is wrong with.
    frames: Vec<Option<Frame>>,
    problems: &'a mut Problems,
}

impl<'a> Checker<'a> {
    /// Counts a step in, whether it is right or not: later steps may name it.
    fn add(
        &mut self,
        id: &'a Spanned<String>,
        step: Option<Step>,
        frame: Option<Frame>,
    ) -> Option<Step> {
        check_id(self.document, id, self.problems);
        if let Some(first) = self.ids.iter().find(|other| other.value == id.value) {
            let message = format!("there are two steps `{}` in job `{}`", id.value, self.job);
            self.problems.add(
                Diagnostic::error(code::DUPLICATE_ID, message)
                    .at(self.document.source(), id.span, "again here")
                    .see(self.document.source(), first.span, "first here"),
            );
        }
        self.ids.push(id);
        self.frames.push(frame);
        step
    }

    fn not_supported(&mut self, what: &str, span: Span) {
        let message = format!("{what} not supported yet");
        self.problems
            .add(Diagnostic::error(code::NOT_SUPPORTED, message).at(
                self.document.source(),
                span,
                "",
            ));
    }

    fn extract(&mut self, extract: &model::Extract) -> (Option<Extract>, Option<Frame>) {
        self.method(extract.method.as_ref());
        let located = self.location(&extract.location, Use::Read);
        let format = format_of(extract.data_format.value);
        let options = option::check(
            self.document,
            &extract.options,
            |option| read::check_options(format, option),
            self.problems,
        );
        let given = pairs(&options);
        let can_be_read = located && self.files(&extract.location, &given);
        // Without a schema, its columns are those of the files.
        let schema = match can_be_read || extract.schema.is_some() {
            true => {
                let schema = schema::check(self.document, extract, format, &given);
                self.problems.keep(schema)
            }
            false => None,
        };
        let frame = match schema.as_deref() {
            None => None,
            Some([]) => self.found(extract, format, &given),
            Some(columns) => self.declared(extract, columns),
        };
        let step = schema.map(|schema| Extract {
            id: extract.id.value.clone(),
            format,
            location: extract.location.value.clone(),
            schema,
            options,
        });
        (step, frame)
    }

    /// The columns that the files have which are there now, if they say them: what is wrong with those of the run shows when it runs.
    fn found(
        &mut self,
        extract: &model::Extract,
        format: samara::Format,
        options: &[(&str, &str)],
    ) -> Option<Frame> {
        let schema = read::columns_of_files(self.session, format, &extract.location.value, options);
        let schema = schema.map_err(|error| {
            Diagnostic::error(code::SCHEMA, error.to_string())
                .at(
                    self.document.source(),
                    extract.location.span,
                    "read at build, for its columns",
                )
                .help("have the file written again, or declare the columns that are wanted in a `schema`")
        });
        let schema = self.problems.keep(schema)??;
        let columns = schema.fields.iter();
        let columns: Vec<_> = columns
            .map(|field| (field.name.clone(), field.data_type.to_string()))
            .collect();
        let data = self.session.empty(pairs(&columns)).ok()?;
        Some(Frame {
            data,
            origin: extract.location.span,
            doubles: Vec::new(),
        })
    }

    fn declared(&mut self, extract: &model::Extract, schema: &[(String, String)]) -> Option<Frame> {
        let origin = extract
            .schema
            .as_ref()
            .map_or(extract.id.span, |schema| schema.span);
        let data = self.session.empty(pairs(schema)).map_err(|error| {
            Diagnostic::error(code::SCHEMA, error.to_string()).at(
                self.document.source(),
                origin,
                "",
            )
        });
        let data = self.problems.keep(data)?;
        Some(Frame {
            data,
            origin,
            doubles: Vec::new(),
        })
    }

    fn transform(
        &mut self,
        transform: &model::Transform,
        later: &[&Spanned<String>],
    ) -> (Option<Transform>, Option<Frame>) {
        let document = self.document;
        let no_options = |_: &[(&str, &str)]| {
            Err(samara::OptionError {
                name: "options".to_owned(),
                message: "a transform has none".to_owned(),
                is_unknown: true,
                suggestion: None,
            })
        };
        option::check(document, &transform.options, no_options, self.problems);
        let upstream = self.upstream(&transform.upstream_id, Some(&transform.id), later);
        let mut frame = upstream.and_then(|index| self.frames[index].clone());
        let mut input = format!("in the output of `{}`", transform.upstream_id.value);
        let mut functions = Vec::new();
        let mut complete = true;
        for function in &transform.functions {
            let checked = self.function(&function.value, function.span, &transform.id, later);
            complete &= checked.is_some();
            for applied in checked.unwrap_or_default() {
                frame = frame.and_then(|frame| self.apply(frame, &applied, &input));
                functions.push(applied.function);
            }
            frame = frame.filter(|_| complete);
            input = format!("at this point of `{}`", transform.id.value);
        }
        let step = upstream.map(|upstream| Transform {
            id: transform.id.value.clone(),
            upstream,
            functions,
        });
        (step, frame)
    }

    fn load(&mut self, load: &model::Load, later: &[&Spanned<String>]) -> Option<Load> {
        self.method(load.method.as_ref());
        self.location(&load.location, Use::Write);
        if let Some(export) = &load.schema_export {
            self.location(export, Use::Write);
        }
        let format = format_of(load.data_format.value);
        let options = option::check(
            self.document,
            &load.options,
            |option| write::check_options(format, option),
            self.problems,
        );
        let upstream = self.upstream(&load.upstream_id, None, later)?;
        if let Some(frame) = self.frames[upstream].clone() {
            let fits = self.fits(&frame, format, &load.upstream_id);
            self.problems.keep(fits);
        }
        Some(Load {
            id: load.id.value.clone(),
            upstream,
            format,
            location: load.location.value.clone(),
            mode: save_mode(load.mode.value),
            options,
            schema_export: load.schema_export.as_ref().map(|path| path.value.clone()),
        })
    }

    /// Whether a format can hold what a load would write.
    fn fits(
        &self,
        frame: &Frame,
        format: samara::Format,
        upstream: &Spanned<String>,
    ) -> Result<(), Diagnostic> {
        let source = self.document.source();
        let problem = |message: String| Diagnostic::error(code::OUTPUT, message);
        let schema = frame.data.schema();
        let schema =
            schema.map_err(|error| problem(error.to_string()).at(source, upstream.span, ""))?;
        write::check_schema(format, &schema).map_err(|error| {
            let problem = problem(error.to_string());
            match &error {
                WriteError::DuplicateColumn { name } => match frame.double(name) {
                    Some(second) => problem
                        .at(source, second, "the second one comes from here")
                        .see(source, upstream.span, "written here"),
                    None => problem.at(source, upstream.span, ""),
                },
                _ => problem.at(source, upstream.span, ""),
            }
        })
    }

    /// The index of the extract or earlier transform that a step reads.
    fn upstream(
        &mut self,
        id: &Spanned<String>,
        own: Option<&Spanned<String>>,
        later: &[&Spanned<String>],
    ) -> Option<usize> {
        let mut readable = self.ids.iter().take(self.readable);
        if let Some(index) = readable.position(|other| other.value == id.value) {
            return Some(index);
        }
        // The id that is meant may be the one that is empty.
        if self.ids.iter().any(|id| id.value.trim().is_empty()) {
            return None;
        }
        let at = |message: String, label: &str| {
            Diagnostic::error(code::UNKNOWN_UPSTREAM, message).at(
                self.document.source(),
                id.span,
                label,
            )
        };
        let problem = if own.is_some_and(|own| own.value == id.value) {
            at(format!("`{}` reads itself", id.value), "its own id")
        } else if let Some(transform) = later.iter().find(|transform| transform.value == id.value) {
            at(
                format!(
                    "`{}` comes later: a step reads extracts and the transforms before it",
                    id.value
                ),
                "read here",
            )
            .see(self.document.source(), transform.span, "and only made here")
        } else {
            let known = self.ids.iter().take(self.readable);
            let known = known.map(|known| known.value.as_str());
            let message = format!(
                "there is no extract or transform `{}` in job `{}`",
                id.value, self.job
            );
            at(message, "no such step").suggest(&id.value, known)
        };
        self.problems.add(problem);
        None
    }

    fn method(&mut self, method: Option<&Spanned<Method>>) {
        if let Some(method) = method
            && method.value == Method::Streaming
        {
            self.not_supported("streaming is", method.span);
        }
    }

    /// Whether a text names a place that can be read or written.
    fn location(&mut self, text: &Spanned<String>, used: Use) -> bool {
        let checked = location::check(self.document, text, used);
        self.problems.keep(checked).is_some()
    }

    /// Whether the files that are at a location now could be read, if there are some.
    fn files(&mut self, text: &Spanned<String>, options: &[(&str, &str)]) -> bool {
        let checked = read::check_files(&text.value, options).map_err(|error| {
            let problem = Diagnostic::error(code::NOT_SUPPORTED, error.to_string());
            problem.at(self.document.source(), text.span, "")
        });
        self.problems.keep(checked).is_some()
    }
}

fn format_of(format: Format) -> samara::Format {
    match format {
        Format::Csv => samara::Format::Csv,
        Format::Json => samara::Format::Json,
        Format::Text => samara::Format::Text,
        Format::Parquet => samara::Format::Parquet,
        Format::Avro => samara::Format::Avro,
        Format::Orc => samara::Format::Orc,
    }
}

/// A function as the plan has it, with the parts of its arguments that an error may name.
struct Applied<'a> {
    function: Function,
    parts: Vec<&'a Spanned<String>>,
    /// The parts that make columns of the result, where two of them may make one of the same name.
    makes: Vec<&'a Spanned<String>>,
}

impl Checker<'_> {
    /// The functions of the plan that a function of the model is: `withColumn` in its older form is several.
    fn function<'m>(
        &mut self,
        function: &'m model::Function,
        span: Span,
        own: &Spanned<String>,
        later: &[&Spanned<String>],
    ) -> Option<Vec<Applied<'m>>> {
        let one = |function, parts| {
            let makes = Vec::new();
            Some(vec![Applied {
                function,
                parts,
                makes,
            }])
        };
        match function {
            model::Function::Select(select) => {
                self.not_empty(
                    &select.columns,
                    "a `select` needs a column",
                    span,
                    "columns",
                )?;
                Some(vec![Applied {
                    function: Function::Select {
                        columns: values(&select.columns),
                    },
                    parts: select.columns.iter().collect(),
                    makes: select.columns.iter().collect(),
                }])
            }
            model::Function::Drop(drop) => {
                self.not_empty(&drop.columns, "a `drop` needs a column", span, "columns")?;
                one(
                    Function::Drop {
                        columns: values(&drop.columns),
                    },
                    drop.columns.iter().collect(),
                )
            }
            model::Function::Filter(filter) => one(
                Function::Filter {
                    condition: filter.condition.value.clone(),
                },
                vec![&filter.condition],
            ),
            model::Function::WithColumn(with) => {
                for column in &with.columns {
                    self.named(&column.name)?;
                }
                let columns = with.columns.iter();
                let applied = columns.map(|column| Applied {
                    function: Function::WithColumn {
                        name: column.name.value.clone(),
                        expression: column.expression.value.clone(),
                    },
                    parts: vec![&column.expression],
                    makes: Vec::new(),
                });
                Some(applied.collect())
            }
            model::Function::Cast(cast) => one(
                Function::Cast {
                    columns: cast
                        .columns
                        .iter()
                        .map(|c| (c.column_name.value.clone(), c.cast_type.value.clone()))
                        .collect(),
                },
                cast.columns
                    .iter()
                    .flat_map(|c| [&c.column_name, &c.cast_type])
                    .collect(),
            ),
            model::Function::DropDuplicates(drop) => one(
                Function::DropDuplicates {
                    columns: values(&drop.columns),
                },
                drop.columns.iter().collect(),
            ),
            model::Function::Join(join) => {
                let other = self.upstream(&join.other_upstream_id, Some(own), later)?;
                let how = join_type(join.how.as_ref().map_or(JoinType::Inner, |how| how.value));
                if join.on.0.is_empty() && how != samara::Join::Cross {
                    let problem = Diagnostic::error(
                        code::INVALID_VALUE,
                        "a join needs a column to join `on`",
                    );
                    self.problems.add(
                        problem
                            .at(self.document.source(), self.argument(span, "on"), "")
                            .help("for every row with every row, say `\"how\": \"cross\"`"),
                    );
                    return None;
                }
                let on = values(&join.on.0);
                Some(vec![Applied {
                    function: Function::Join { other, on, how },
                    parts: join.on.0.iter().collect(),
                    makes: vec![&join.other_upstream_id],
                }])
            }
            model::Function::Distinct(_) => one(Function::Distinct, Vec::new()),
            model::Function::Dropna(dropna) => one(
                Function::Dropna {
                    rule: nulls(dropna),
                    subset: dropna.subset.as_deref().map(values),
                },
                dropna.subset.iter().flatten().collect(),
            ),
            model::Function::Groupby(groupby) => self.groupby(groupby, span),
            model::Function::Aggregate(aggregate) => self.aggregate(aggregate, span),
            model::Function::Orderby(order) => {
                self.not_empty(
                    &order.columns,
                    "an `orderby` needs a column",
                    span,
                    "columns",
                )?;
                let columns = order.columns.iter();
                one(
                    Function::OrderBy {
                        columns: columns
                            .map(|c| (c.column_name.value.clone(), c.ascending))
                            .collect(),
                    },
                    order.columns.iter().map(|c| &c.column_name).collect(),
                )
            }
            model::Function::Pivot(pivot) => one(
                Function::Pivot {
                    keys: values(&pivot.group_by),
                    pivot: pivot.pivot_column.value.clone(),
                    function: pivot.agg_func.value.name().to_owned(),
                    values: pivot.values_column.value.clone(),
                },
                [&pivot.pivot_column, &pivot.values_column]
                    .into_iter()
                    .chain(&pivot.group_by)
                    .collect(),
            ),
        }
    }

    fn groupby<'m>(&mut self, groupby: &'m model::Groupby, span: Span) -> Option<Vec<Applied<'m>>> {
        self.not_empty(
            &groupby.group_columns,
            "a `groupby` needs a column to group by",
            span,
            "group_columns",
        )?;
        self.not_empty(
            &groupby.aggregations,
            "a `groupby` needs something to compute",
            span,
            "aggregations",
        )?;
        let mut aggregates = Vec::new();
        for Spanned { value, .. } in &groupby.aggregations {
            self.named(&value.output_column)?;
            let column = match (&value.input_column, value.function.value) {
                (Some(column), _) => column.value.clone(),
                (None, Aggregation::Count) => "*".to_owned(),
                (None, function) => {
                    let message = format!("`{}` needs an `input_column`", function.name());
                    let problem = Diagnostic::error(code::INVALID_VALUE, message);
                    let span = value.function.span;
                    let problem = problem.at(self.document.source(), span, "without a column");
                    self.problems
                        .add(problem.help("only `count` may do without: it then counts rows"));
                    return None;
                }
            };
            let function = value.function.value.name().to_owned();
            aggregates.push([function, column, value.output_column.value.clone()]);
        }
        let outputs = groupby.aggregations.iter();
        let inputs = outputs.clone();
        let inputs = inputs.filter_map(|aggregation| aggregation.value.input_column.as_ref());
        let outputs = outputs.map(|aggregation| &aggregation.value.output_column);
        Some(vec![Applied {
            parts: groupby.group_columns.iter().chain(inputs).collect(),
            makes: groupby.group_columns.iter().chain(outputs).collect(),
            function: Function::Aggregate {
                keys: values(&groupby.group_columns),
                aggregates,
            },
        }])
    }

    fn aggregate<'m>(
        &mut self,
        aggregate: &'m model::Aggregate,
        span: Span,
    ) -> Option<Vec<Applied<'m>>> {
        let columns = &aggregate.aggregate_columns;
        self.not_empty(
            columns,
            "an `aggregate` needs something to compute",
            span,
            "aggregate_columns",
        )?;
        for column in columns {
            self.named(&column.value.alias)?;
        }
        let keys = aggregate.group_by_columns.as_deref().unwrap_or_default();
        let aggregates = columns.iter().map(|column| {
            let column = &column.value;
            [&column.function, &column.column_name, &column.alias].map(|part| part.value.clone())
        });
        let inputs = columns
            .iter()
            .flat_map(|column| [&column.value.function, &column.value.column_name]);
        Some(vec![Applied {
            function: Function::Aggregate {
                keys: values(keys),
                aggregates: aggregates.collect(),
            },
            parts: inputs.chain(keys).collect(),
            makes: keys
                .iter()
                .chain(columns.iter().map(|column| &column.value.alias))
                .collect(),
        }])
    }

    fn not_empty<T>(
        &mut self,
        list: &[T],
        message: &str,
        function: Span,
        argument: &str,
    ) -> Option<()> {
        if list.is_empty() {
            let problem = Diagnostic::error(code::INVALID_VALUE, message);
            let span = self.argument(function, argument);
            self.problems
                .add(problem.at(self.document.source(), span, ""));
            return None;
        }
        Some(())
    }

    /// A name of a new column, which has to be one.
    fn named(&mut self, column: &Spanned<String>) -> Option<()> {
        if column.value.is_empty() {
            let problem = Diagnostic::error(
                code::INVALID_VALUE,
                "the name of a column must not be empty",
            );
            self.problems
                .add(problem.at(self.document.source(), column.span, ""));
            return None;
        }
        Some(())
    }

    /// The place of an argument of a function.
    fn argument(&self, function: Span, name: &str) -> Span {
        let function_node = self.document.root().within(function);
        let argument = function_node.and_then(|node| node.get("arguments")?.get(name));
        argument.map_or(function, |argument| argument.span)
    }

    /// The frame that a function gives; nothing, and a problem, where it does not fit.
    fn apply(&mut self, frame: Frame, applied: &Applied<'_>, input: &str) -> Option<Frame> {
        let Applied {
            function,
            parts,
            makes,
        } = applied;
        let Frame {
            data,
            origin,
            doubles,
        } = frame;
        let place = |name: String, origin: Span, doubles: &[(String, Span)]| Place {
            document: self.document,
            origin,
            frame: name,
            doubles: doubles.to_vec(),
        };
        let whole = parts.first().map_or(origin, |part| part.span);
        let mut at = place(input.to_owned(), origin, &doubles);
        let next = match function {
            Function::Select { columns } => data.select(borrowed(columns)),
            Function::Drop { columns } => data.drop(borrowed(columns)),
            Function::Filter { condition } => data.filter(condition),
            Function::WithColumn { name, expression } => data.with_column(name, expression),
            Function::Cast { columns } => data.cast(pairs(columns)),
            Function::DropDuplicates { columns } => data.drop_duplicates(borrowed(columns)),
            Function::Distinct => data.distinct(),
            Function::Dropna { subset, .. } => {
                let subset = subset.as_deref().map(borrowed).unwrap_or_default();
                data.dropna(Dropna::any().subset(subset))
            }
            Function::Aggregate { keys, aggregates } => {
                data.aggregate(borrowed(keys), borrowed_triples(aggregates))
            }
            Function::OrderBy { columns } => {
                let columns: Vec<_> = columns.iter().map(|(name, _)| asc(name)).collect();
                data.order_by(columns)
            }
            Function::Pivot {
                keys,
                pivot,
                function,
                values,
            } => {
                // Which columns it gives is known when there are rows.
                let fits = data.pivot(borrowed(keys), pivot, function, values);
                let fits = fits.map_err(|error| at.problem(&error, parts, whole));
                self.problems.keep(fits);
                return None;
            }
            Function::Join { other, on, how } => {
                let right = self.frames[*other].clone()?;
                if let Some(error) = missing_key(&right.data, on) {
                    at = place(
                        format!("in the output of `{}`", self.ids[*other].value),
                        right.origin,
                        &right.doubles,
                    );
                    Err(error)
                } else {
                    data.join(right.data, borrowed(on), *how)
                }
            }
        };
        let next = next.map_err(|error| at.problem(&error, parts, whole));
        let data = self.problems.keep(next)?;
        let next = Frame {
            data,
            origin,
            doubles,
        };
        Some(next.made_of(makes))
    }
}

/// A key of a join that its other side does not have: a name as it stands, without backticks and fields.
fn missing_key(right: &samara::DataFrame, on: &[String]) -> Option<samara::Error> {
    let has = |key: &String| {
        let lower = key.to_lowercase();
        right
            .columns()
            .iter()
            .any(|name| name.to_lowercase() == lower)
    };
    let missing = on.iter().find(|key| !has(key))?;
    Some(samara::Error::UnknownColumn {
        name: missing.clone(),
        candidates: right.columns().to_vec(),
        offset: None,
    })
}

fn values(columns: &[Spanned<String>]) -> Vec<String> {
    columns.iter().map(|column| column.value.clone()).collect()
}

fn borrowed(columns: &[String]) -> Vec<&str> {
    columns.iter().map(String::as_str).collect()
}

fn pairs(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = pairs.iter();
    pairs.map(|(a, b)| (a.as_str(), b.as_str())).collect()
}

fn borrowed_triples(triples: &[[String; 3]]) -> Vec<(&str, &str, &str)> {
    let triples = triples.iter();
    triples
        .map(|[a, b, c]| (a.as_str(), b.as_str(), c.as_str()))
        .collect()
}

fn nulls(dropna: &model::Dropna) -> Nulls {
    match (&dropna.thresh, dropna.how) {
        (Some(values), _) => Nulls::Thresh(values.value),
        (None, NullRule::Any) => Nulls::Any,
        (None, NullRule::All) => Nulls::All,
    }
}

fn join_type(how: JoinType) -> samara::Join {
    match how {
        JoinType::Inner => samara::Join::Inner,
        JoinType::Cross => samara::Join::Cross,
        JoinType::Outer => samara::Join::Full,
        JoinType::Left => samara::Join::Left,
        JoinType::Right => samara::Join::Right,
        JoinType::LeftSemi => samara::Join::LeftSemi,
        JoinType::LeftAnti => samara::Join::LeftAnti,
    }
}

fn save_mode(mode: model::SaveMode) -> SaveMode {
    match mode {
        model::SaveMode::Overwrite => SaveMode::Overwrite,
        model::SaveMode::Append => SaveMode::Append,
        model::SaveMode::Ignore => SaveMode::Ignore,
        model::SaveMode::Error | model::SaveMode::ErrorIfExists => SaveMode::ErrorIfExists,
    }
}
