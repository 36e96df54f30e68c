//! The S3 operations that the line uses, over [`Disk`]. What is not here answers `NotImplemented`.

use super::disk::{Disk, DiskError, Draft, Placing};
use super::listing::{Entry, Query};
use super::object::{Attributes, Object};
use async_trait::async_trait;
use futures::StreamExt;
use s3s::crypto::{Checksum, Md5};
use s3s::dto::{
    Bucket, CommonPrefix, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
    GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input,
    ListObjectsV2Output, PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp,
};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use std::io::{Seek, SeekFrom};
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

const READ_CHUNK: usize = 256 * 1024;
const MAX_PAGE: usize = 1000;

pub(super) struct Backend {
    disk: Arc<Disk>,
}

impl Backend {
    pub(super) fn new(disk: Disk) -> Self {
        Self { disk: Arc::new(disk) }
    }

    /// Runs file system work on a thread that may block.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Disk) -> Result<T, DiskError> + Send + 'static,
    ) -> S3Result<T> {
        let disk = self.disk.clone();
        match tokio::task::spawn_blocking(move || work(&disk)).await {
            Ok(result) => Ok(result?),
            Err(error) => Err(S3Error::internal_error(error)),
        }
    }

    async fn open(&self, bucket: String, key: String) -> S3Result<Object> {
        self.on_disk(move |disk| disk.open_object(&bucket, &key)).await
    }
}

impl From<DiskError> for S3Error {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::NoBucket => s3_error!(NoSuchBucket),
            DiskError::NoKey => s3_error!(NoSuchKey),
            DiskError::Taken => s3_error!(PreconditionFailed, "the key is taken"),
            DiskError::BucketTaken => s3_error!(BucketAlreadyOwnedByYou),
            DiskError::BucketNotEmpty => s3_error!(BucketNotEmpty),
            DiskError::BadKey(what) => s3_error!(InvalidArgument, "this server cannot hold the key: {what}"),
            DiskError::Io(error) => {
                tracing::error!(%error, "the embedded S3 server's disk failed");
                S3Error::internal_error(error)
            }
        }
    }
}

#[async_trait]
impl S3 for Backend {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        self.on_disk(move |disk| disk.create_bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.on_disk(move |disk| disk.bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.on_disk(move |disk| disk.bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.on_disk(move |disk| disk.delete_bucket(&req.input.bucket)).await?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let names = self.on_disk(Disk::buckets).await?;
        let buckets = names.into_iter().map(|name| Bucket { name: Some(name), ..Bucket::default() }).collect();
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets), ..ListBucketsOutput::default() }))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let mut input = req.input;
        let placing = match &input.if_none_match {
            None => Placing::Replace,
            Some(condition) if condition.is_any() => Placing::OnlyIfFree,
            Some(_) => return Err(s3_error!(NotImplemented, "If-None-Match is understood with `*` only")),
        };
        if input.if_match.is_some() {
            return Err(s3_error!(NotImplemented, "If-Match is not understood"));
        }
        let body = input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
        let draft = self.disk.draft();
        let e_tag = write_draft(&draft, body, attributes_of(&input)).await?;
        self.on_disk(move |disk| disk.place(draft, &input.bucket, &input.key, placing)).await?;
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(ETag::Strong(e_tag)), ..PutObjectOutput::default() }))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let mut object = self.open(input.bucket, input.key).await?;
        let range = input.range.map(|range| range.check(object.len)).transpose()?;
        let content_range = range.as_ref().map(|r| format!("bytes {}-{}/{}", r.start, r.end - 1, object.len));
        let range = range.unwrap_or(0..object.len);
        object.file.seek(SeekFrom::Start(range.start)).map_err(S3Error::internal_error)?;
        let len = range.end - range.start;
        let body = ReaderStream::with_capacity(File::from_std(object.file).take(len), READ_CHUNK);
        let mut headers = object.attributes.headers;
        let output = GetObjectOutput {
            body: Some(StreamingBlob::wrap(body)),
            content_length: i64::try_from(len).ok(),
            content_range,
            accept_ranges: Some("bytes".into()),
            content_type: input.response_content_type.or(headers.remove("content-type")),
            content_disposition: input.response_content_disposition.or(headers.remove("content-disposition")),
            content_encoding: input.response_content_encoding.or(headers.remove("content-encoding")),
            cache_control: input.response_cache_control.or(headers.remove("cache-control")),
            metadata: Some(object.attributes.metadata),
            last_modified: Some(Timestamp::from(object.modified)),
            e_tag: Some(ETag::Strong(object.attributes.e_tag)),
            ..GetObjectOutput::default()
        };
        Ok(S3Response::new(output))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let object = self.open(req.input.bucket, req.input.key).await?;
        let mut headers = object.attributes.headers;
        let output = HeadObjectOutput {
            content_length: i64::try_from(object.len).ok(),
            accept_ranges: Some("bytes".into()),
            content_type: headers.remove("content-type"),
            content_disposition: headers.remove("content-disposition"),
            content_encoding: headers.remove("content-encoding"),
            cache_control: headers.remove("cache-control"),
            metadata: Some(object.attributes.metadata),
            last_modified: Some(Timestamp::from(object.modified)),
            e_tag: Some(ETag::Strong(object.attributes.e_tag)),
            ..HeadObjectOutput::default()
        };
        Ok(S3Response::new(output))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.on_disk(move |disk| disk.delete(&req.input.bucket, &req.input.key)).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let keys: Vec<String> = req.input.delete.objects.into_iter().map(|object| object.key).collect();
        let deleted = keys.iter().map(|key| DeletedObject { key: Some(key.clone()), ..DeletedObject::default() });
        let output = DeleteObjectsOutput { deleted: Some(deleted.collect()), ..DeleteObjectsOutput::default() };
        let bucket = req.input.bucket;
        self.on_disk(move |disk| keys.iter().try_for_each(|key| disk.delete(&bucket, key))).await?;
        Ok(S3Response::new(output))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let asked = input.max_keys.map_or(MAX_PAGE, |keys| usize::try_from(keys).unwrap_or(0));
        let query = Query {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.continuation_token.clone().or(input.start_after.clone()).unwrap_or_default(),
            limit: asked.min(MAX_PAGE),
        };
        let bucket = input.bucket.clone();
        let page = self.on_disk(move |disk| disk.list(&bucket, &query)).await?;
        let last = page.entries.last().map(|(name, _)| name.clone());
        let count = page.entries.len();
        let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
        for (name, entry) in page.entries {
            match entry {
                Entry::Prefix => prefixes.push(CommonPrefix { prefix: Some(name) }),
                Entry::Object { len, modified, e_tag } => objects.push(s3s::dto::Object {
                    key: Some(name),
                    size: i64::try_from(len).ok(),
                    last_modified: Some(Timestamp::from(modified)),
                    e_tag: Some(ETag::Strong(e_tag)),
                    ..s3s::dto::Object::default()
                }),
            }
        }
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            max_keys: i32::try_from(asked.min(MAX_PAGE)).ok(),
            key_count: i32::try_from(count).ok(),
            is_truncated: Some(page.more),
            next_continuation_token: last.filter(|_| page.more),
            contents: Some(objects),
            common_prefixes: Some(prefixes),
            ..ListObjectsV2Output::default()
        }))
    }
}

fn attributes_of(input: &PutObjectInput) -> Attributes {
    let headers = [
        ("content-type", &input.content_type),
        ("content-disposition", &input.content_disposition),
        ("content-encoding", &input.content_encoding),
        ("cache-control", &input.cache_control),
    ];
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect();
    Attributes { e_tag: String::new(), headers, metadata: input.metadata.clone().unwrap_or_default() }
}

/// Streams the body into the draft and closes it with its attributes. Answers the entity tag.
async fn write_draft(draft: &Draft, mut body: StreamingBlob, mut attributes: Attributes) -> S3Result<String> {
    let mut file = File::create(draft.path()).await.map_err(DiskError::Io)?;
    let mut md5 = Md5::new();
    while let Some(chunk) = body.next().await {
        // The client went away, or what it sent is not what it signed.
        let chunk = chunk.map_err(|error| S3Error::with_source(s3s::S3ErrorCode::IncompleteBody, error))?;
        md5.update(&chunk);
        file.write_all(&chunk).await.map_err(DiskError::Io)?;
    }
    attributes.e_tag = md5.finalize().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(&attributes.trailer()).await.map_err(DiskError::Io)?;
    file.flush().await.map_err(DiskError::Io)?;
    Ok(attributes.e_tag)
}
